"""The feedback form of the manual, section 3.1: the form's fields are the arguments of `email`."""

import smtplib
from email.message import EmailMessage
from html import escape

PAGE = """<!doctype html>
<html lang="en">
<title>Feedback</title>
<link rel="stylesheet" href="/style.css">
{}
<p><a href="/feedback/form.html">Back to the form</a></p>
</html>"""


def email(req, name="", email="", comment=""):
    req.content_type = "text/html; charset=utf-8"
    if not (name and email and comment):
        return PAGE.format("<p>A required parameter is missing, please go back and correct the error.</p>")
    options = req.get_options()
    try:
        message = _message(name, email, options.get("feedback.webmaster", "webmaster@localhost"), comment)
    except ValueError:
        # A line break in an address could add headers of its own: the email package does not let it through.
        return PAGE.format("<p>This is no e-mail address.</p>")
    server = options.get("feedback.smtp_server")
    if server is not None:
        with smtplib.SMTP(server) as connection:
            connection.send_message(message)
        shown = ""
    else:
        shown = f"<p>No mail server is configured; this would have been sent:</p><pre>{escape(_text(message))}</pre>"
    return PAGE.format(
        f"<p>Dear {escape(name)},</p><p>Thank you for your kind comments, we will get back to you shortly.</p>{shown}"
    )


def _message(name, sender, receiver, comment):
    message = EmailMessage()
    message["From"] = sender
    message["To"] = receiver
    message["Subject"] = "feedback"
    message.set_content(f"I have the following comment:\n\n{comment}\n\nThank you,\n\n{name}\n")
    return message


def _text(message):
    headers = "".join(f"{key}: {value}\n" for key, value in message.items() if key in ("From", "To", "Subject"))
    return f"{headers}\n{message.get_content()}"
