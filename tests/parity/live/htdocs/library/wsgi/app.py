NAMES = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME",
         "SERVER_PROTOCOL", "HTTP_HOST", "HTTP_X_ONE", "wsgi.version", "wsgi.url_scheme", "wsgi.multithread")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-App", "1"), ("X-App", "2")])
    yield "".join("%s %r\n" % (name, environ.get(name)) for name in NAMES).encode()
    yield environ["wsgi.input"].read()
