"""Cookies (manual 4.7.3): a plain one that ends soon, and a dictionary that the browser keeps and can't change."""

import time

from mod_python import Cookie, apache

SECRET = "secret007"  # a real site's is long, random and not in a file that is published


def handler(req):
    cookies = Cookie.get_cookies(req, Cookie.MarshalCookie, secret=SECRET, mismatch=Cookie.Cookie.IGNORE)
    basket = cookies.get("basket")
    # whose signature is wrong comes as an ordinary cookie
    known = type(basket) is Cookie.MarshalCookie
    eggs = basket.value["eggs"] if known else 0

    # cookies are headers: they go before the first req.write()
    Cookie.add_cookie(req, Cookie.MarshalCookie("basket", {"eggs": eggs + 1, "spam": True}, SECRET))
    Cookie.add_cookie(req, "seen", time.strftime("%H:%M:%S"), expires=time.time() + 300)

    req.content_type = "text/plain; charset=utf-8"
    req.write(f"Your browser kept {basket.value}\n" if known else "No basket yet: load this page again.\n")
    return apache.OK
