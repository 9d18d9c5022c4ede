"""Pictures of a film, drawn by code: places, people, animals and things, and the camera that looks at them."""
