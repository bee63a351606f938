"""The review page: FastAPI, Jinja2 and a vendored htmx; rendered and masked on the server."""
