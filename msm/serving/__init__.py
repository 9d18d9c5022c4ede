"""An HTTP service for one run and one catalog: embeddings, reconstructions of hidden shots, surprise, and search.

`app` holds the routes (FastAPI), `service` what they answer, `batching` the thread that runs forward passes of several requests
together, `limits` what is refused, `questions` the body of a fill-in, which the route of the app reads too, and `figures` the
numbers that Prometheus collects. `msm serve` starts it.
"""
