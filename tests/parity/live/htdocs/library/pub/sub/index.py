def index(req):
    return "index of sub"


def inside():
    return "inside sub"
