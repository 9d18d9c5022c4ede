# The app and the command `msm`, on a CPU.
#
#     docker build -t msm-workbench .
#     docker run --rm -p 127.0.0.1:8501:8501 msm-workbench                                    the sample data
#     docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD/mine:/data" msm-workbench \
#         msm app --address 0.0.0.0 --no-browser --catalog catalog --runs runs                 your own
#     docker run --rm -p 127.0.0.1:8600:8600 -v "$PWD/mine:/data" -e MSM_SERVE_TOKEN msm-workbench \
#         msm serve runs/first catalog --address 0.0.0.0                                       a run over HTTP, docs/howto/serve.md
#
# PyTorch's default build carries CUDA. For the small one point pip at PyTorch's index of CPU builds:
#     docker build --build-arg PIP_EXTRA_INDEX_URL=… -t msm-workbench .
FROM python:3.11-slim

ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

COPY . /src
RUN pip install --constraint /src/constraints.txt '/src[cpu,login,serve,trained]' && rm -rf /src

# Not root, and one folder to work in: mount yours over it.
RUN useradd --create-home --uid 1000 film && install -d -o film /data
USER 1000
WORKDIR /data

EXPOSE 8501 8600
# The app, or `msm serve`; a container that trains is neither and says so.
HEALTHCHECK --start-period=60s CMD ["sh", "-c", "python -c \"import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health', timeout=5)\" 2>/dev/null || python -c \"import urllib.request as u; u.urlopen('http://localhost:8600/health', timeout=5)\""]
CMD ["msm", "app", "--address", "0.0.0.0", "--no-browser"]
