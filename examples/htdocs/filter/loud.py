"""Every file of this folder is sent in capitals, with its lines counted. Who owns the configuration can say the same with
PythonOutputFilter and SetOutputFilter; a .htaccess file may not register filters, but a handler may."""

from mod_python import apache


def fixuphandler(req):
    req.lines = 0
    req.register_output_filter("LOUD", outputfilter)
    req.add_output_filter("LOUD")
    return apache.OK


def outputfilter(filter):
    line = filter.readline()
    while line:
        filter.req.lines += 1
        filter.write(line.upper())
        line = filter.readline()
    if line is None:
        filter.write(f"({filter.req.lines} lines)\n")
        filter.close()
