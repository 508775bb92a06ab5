"""What the router says to a request that no worker will see: responses as a CGI program writes them."""

UNAVAILABLE = (
    b"Status: 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n\r\n"
    b"All workers are busy and their queue is full. Please try again.\n"
)
LATE = (
    b"Status: 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n\r\n"
    b"All workers were busy for too long. Please try again.\n"
)
TOO_LARGE = (
    b"Status: 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\n\r\nThe request's head is too large.\n"
)
BAD = b"Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThe request's head is malformed.\n"
