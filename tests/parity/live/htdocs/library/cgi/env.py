import os
import sys

print("Content-Type: text/plain")
print("X-Script: yes")
print("Status: 202 Taken")
print()
for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_HOST",
             "SERVER_PROTOCOL", "GATEWAY_INTERFACE", "HTTP_X_ONE", "REMOTE_ADDR"):
    print(name, os.environ.get(name))
print(sys.argv, __name__)
