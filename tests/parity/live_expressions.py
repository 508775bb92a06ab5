"""What the live test evaluates in a handler, by what it is about: members and methods, with right and wrong values."""

MEMBERS = (
    "req.method", "req.method_number", "req.uri", "req.args", "req.unparsed_uri", "req.the_request", "req.protocol",
    "req.proto_num", "req.header_only", "req.hostname", "req.status", "req.status_line", "req.content_type", "req.handler",
    "req.filename.replace(root, 'ROOT')", "req.canonical_filename.replace(root, 'ROOT')", "req.path_info", "req.phase",
    "req.used_path_info", "req.user", "req.ap_auth_type", "req.auth_name()", "req.auth_type()",
    "req.assbackwards", "req.proxyreq", "req.no_cache", "req.no_local_copy", "req.chunked", "req.clength",
    "req.bytes_sent", "req.sent_bodyct", "req.eos_sent", "req.mtime", "req.range", "req.vlist_validator", "req.main",
    "req.prev", "req.next", "req.read_length", "req.remaining", "req.read_chunked", "req.read_body",
    "req.expecting_100", "req.allowed", "req.allowed_xmethods", "req.extension", "req.parsed_uri",
    "req.content_encoding", "req.content_languages", "type(req.request_time)", "req._content_type_set", "type(req)",
    "type(req.connection)", "type(req.server)", "type(req.headers_in)", "req.nonesuch", "req.__dict__",
)  # fmt: skip
TABLE = (
    "!t = apache.table()", "!t['A'] = '1'", "!t.add('a', '2')", "!t['b'] = '3'", "t['a']", "t.get('A')", "t.get('x')",
    "t.get('x', 'd')", "t['x']", "len(t)", "'a' in t", "t.has_key('B')", "t.keys()", "t.values()", "t.items()",
    "list(t)", "t == {'A': '1'}", "!t['A'] = 'new'", "t.items()", "!del t['nothing']", "!del t['b']",
    "t.keys()", "t.update({'c': 'd'})", "t.items()", "t.__setitem__('n', 5)", "t.__setitem__(5, 'n')", "t.clear()",
    "len(t)", "bool(t)", "!t['a'] = '1'; t['b'] = '2'; i = iter(t)", "next(i)", "!t['c'] = '3'", "next(i)", "t.update(5)",
    "t.update([('d', '4')])", "t.update({'e': 5, 6: 'f'})", "t.items()", "apache.table(None)", "apache.table(5)",
    "apache.table('ab')", "apache.table(['ab', 'cd']).items()", "apache.table([5])", "apache.table({'k': 'v'}).items()", "repr(apache.table({'k': 'v'}))",
    "repr(apache.table({'k': '\"it\\'s\"', 'l': 'a\\\\b\\n\\x01', 'm': 'it\\'s'}))", "t.copy().items()",
)  # fmt: skip
SERVER = (
    "req.server.server_hostname", "req.server.port", "req.server.server_admin", "req.server.names",
    "req.server.wild_names", "req.server.is_virtual", "req.server.timeout", "req.server.loglevel",
    "req.server.keep_alive", "req.server.keep_alive_max", "req.server.keep_alive_timeout", "req.server.limit_req_line",
    "req.server.limit_req_fieldsize", "req.server.limit_req_fields", "req.server.path", "req.server.pathlen",
    "req.server.nothing", "req.server.get_options()['level']", "req.server.get_config().has_key('PythonDebug')",
    "req.server.defn_name is None", "req.server.next", "apache.server_root().__class__", "apache.exists_config_define('NOTHING')", "apache.main_server.is_virtual",
)  # fmt: skip
CONNECTION = (
    "req.connection.client_ip", "req.connection.remote_ip", "req.connection.local_ip", "req.connection.remote_host",
    "req.connection.remote_logname", "req.connection.aborted", "req.connection.double_reverse", "req.useragent_ip",
    "req.connection.notes.items()", "req.connection.base_server is not None", "req.get_remote_host()",
    "req.get_remote_host(apache.REMOTE_NOLOOKUP)", "req.get_remote_host(apache.REMOTE_HOST)",
    "req.get_remote_host(apache.REMOTE_NAME, 1)", "req.connection.nothing", "req.is_https()",  "req.construct_url('/y?z')", "req.document_root() == root",
)  # fmt: skip
FINFO = (
    "req.finfo.filetype", "req.finfo.size", "req.finfo.fname == req.filename", "req.finfo.name", "req.finfo.valid > 0",
    "req.finfo[apache.FINFO_SIZE]", "req.finfo[99]", "len(req.finfo)", "type(req.finfo)", "type(req.finfo.mtime)",
    "apache.stat(root + '/files/a.txt', apache.APR_FINFO_SIZE).size", "apache.stat(root + '/none', 0).size",
    "apache.stat(root, apache.APR_FINFO_NORM).filetype", "apache.stat(5, 0)",
)  # fmt: skip
CONFIG = (
    "sorted(i for i in req.get_options().items() if i[0][:11] != 'mod_python.')",
    "req.get_config().keys()",
    "req.get_options() is req.get_options()",
    "!req.get_options()['mine'] = '1'",
    "req.get_options().get('mine')",
    "req.interpreter.replace(root, 'ROOT')",
)
WRONG = (
    "req.write(None)", "req.write(5)", "req.write(bytearray(b'x'))", "req.read('x')", "req.add_handler('PythonHandler')",
    "req.add_handler('Nothing', 'live')", "req.register_cleanup('x')", "req.internal_redirect(5)",
    "req.set_content_length('x')", "req.construct_url(5)", "req.log_error(5)", "req.log_error(None)",
    "req.__setattr__('content_type', None)", "req.__setattr__('status', 'x')", "req.__setattr__('method', 'x')",
    "req.__setattr__('uri', None)", "req.__setattr__('args', None)", "req.__setattr__('finfo', 5)",
    "req.__setattr__('user', 5)", "req.sendfile('/nonesuch')", "req.sendfile()", "req.update_mtime('x')",
    "req.get_remote_host('x')", "apache.log_error(5)", "apache.mpm_query('x')", "apache.exists_config_define(5)",
)  # fmt: skip

# Each member set to one of each kind: what is taken, what is refused, and what it is then.
SETTABLE = (
    "status", "status_line", "uri", "filename", "canonical_filename", "path_info", "args", "user", "ap_auth_type",
    "content_type", "handler", "no_cache", "no_local_copy", "used_path_info", "assbackwards", "chunked", "mtime", "allowed",
    "allowed_methods", "allowed_xmethods", "bytes_sent", "clength", "content_encoding", "content_languages", "next",
    "headers_in", "headers_out", "subprocess_env", "interpreter", "phase", "hostname", "protocol", "proto_num",
    "header_only", "method", "method_number", "the_request", "unparsed_uri", "parsed_uri", "range", "remaining",
    "read_length", "extension", "vlist_validator", "main", "prev", "expecting_100", "eos_sent", "sent_bodyct",
    "useragent_ip", "mine", "_content_type_set",
)  # fmt: skip
VALUES = ("'text'", "b'bytes'", "5", "None", "True", "2.5")
RESTORED = ("!req.status=200", "!req.status_line='200 OK'", "!req.content_type='text/plain'", "!req.assbackwards=0")
ODD = {
    "calls": (
        "req.construct_url('/a')", "req.construct_url('a')", "req.construct_url('')", "req.construct_url(b'/a')",
        "req.get_basic_auth_pw()", "req.is_https(1)", "req.ssl_var_lookup('SSL_PROTOCOL')", "req.ssl_var_lookup(5)",
        "req.get_remote_host(99)", "req.get_remote_host(0,0)", "req.get_remote_host(1,'x')", "req.meets_conditions()",
        "req.set_last_modified()", "req.headers_out.items()", "req.update_mtime(5.7)", "req.mtime",
        "req.set_content_length(-1)", "req.clength", "!del req.headers_out['Content-Length']", "req.send_http_header()",
        "req.get_addhandler_exts()", "req.discard_request_body()", "req.allow_methods(['X', 'GET'])", "req.allowed",
        "req.allowed_methods", "req.allow_methods(['POST'], 1)", "req.allowed", "req.allowed_methods",
        "req.allow_methods('GET')", "req.allow_methods([5])", "req.allow_methods()", "req.register_cleanup()",
        "req.register_cleanup(len, ())", "req.add_common_vars(1)", "req.internal_redirect()", "req.log_error('x', 5, 6)",
        "req.log_error()", "req.log_error('x', 'y')", "req.read(-5)", "req.readline(0)", "req.readlines(0)",
    ),
    "written types": (
        "req.write('a')", "req.write(b'b')", "req.write('c', 0)", "req.write('d', flush=1)", "req.write()",
        "req.write('e', 0, 0)", "req.write('caf\\xe9')", "req.write(memoryview(b'x'))", "req.write([])", "req.flush()",
        "req.flush(1)", "req.bytes_sent > 0", "req.sent_bodyct", "req.eos_sent", "req.write(type('S', (str,), {})('sub'))",
    ),
    "connection": (
        "req.connection.__setattr__('id', 5)", "req.connection.__setattr__('x', 5)", "req.connection.notes.add('a', 'b')",
        "req.connection.notes['a']", "req.connection.log_error('x')", "req.connection.log_error()", "req.connection.keepalive",
        "type(req.connection.id)", "req.connection.local_host", "req.connection.base_server.server_hostname",
    ),
    "server": (
        "req.server.__setattr__('port', 5)", "req.server.__setattr__('x', 5)", "req.server.register_cleanup(req, len)",
        "req.server.register_cleanup(5, len)", "req.server.register_cleanup(req, 5)", "req.server.register_cleanup(req)",
        "req.server.log_error('x')", "req.server.log_error()", "req.server.get_config(1)", "req.server.defn_line_number",
        "req.server.my_generation", "type(req.server.restart_time)", "req.server is req.server",
        "req.connection is req.connection", "req.headers_in is req.headers_in",
    ),
    "handler list": ("repr(req.hlist).replace(root, 'ROOT')", "req.hlist.__setattr__('handler', 'x')", "req.hlist.nothing"),
    "file": (
        "req.finfo['x']", "req.finfo[-1]", "req.finfo[12]", "req.finfo[11]", "req.finfo.__setattr__('size', 5)",
        "req.finfo.protection", "req.finfo.nlink", "req.finfo.user", "req.finfo.valid", "req.finfo.inode > 0",
        "!req.finfo = apache.stat(root + '/files/a.txt', 0)", "req.finfo.size", "req.finfo.filetype",
    ),
    "copies": (
        "!import copy, pickle", "copy.copy(req)", "pickle.dumps(req)", "copy.copy(req.headers_in)", "copy.copy(req.server)",
        "pickle.dumps(req.headers_in)", "pickle.dumps(apache.SERVER_RETURN(404))",
    ),
    "functions": (
        "apache.server_root(1)", "apache.stat(b'/etc', 0)", "apache.stat('/etc')", "apache.register_cleanup(5)",
        "apache.register_cleanup()", "apache.log_error('x', 99)", "apache.log_error()", "apache.import_module('nonesuch_x')",
        "apache.import_module(5)", "apache.exists_config_define('X', 1)", "apache.SERVER_RETURN.__mro__[1]",
        "apache.SERVER_RETURN.__module__", "str(apache.SERVER_RETURN(404))", "type(apache.table())",
        "apache.main_server.server_hostname", "type(apache.config_tree())",
        "[node for node in apache.config_tree() if node == ('ErrorDocument', '409 \"in conflict\"')]",
        "[node for node in apache.config_tree() if node[0] == ('Options', 'FollowSymLinks')]",
        "('<Directory', '/>') in apache.config_tree()", "[apache.mpm_query(number) for number in (2, 5, 6, 8, 10, 13)]", "sorted(apache.build_cgi_env(req).keys())[:3]",
    ),
}  # fmt: skip
