"""Who gets in: the access, authen and authz phases (manual 5.1), and what the configuration says, as Apache joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.constants import APLOG_ERR, DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK
from mpfcgi.worker import access
from mpfcgi.worker.plan import ACCESS, AUTHEN, AUTHZ, GO_ON, Phase, Plan

# As mod_python words it: it is what users look for.
NOBODY = (
    "python_handler: After PythonAuthenHandler req->user is NULL. Assign something to req.user if returning OK to avoid "
    "this error."
)


class Admission:
    """Mixed into the request cycle."""

    if TYPE_CHECKING:

        def run_phase(self, phase: Phase, req: Request, plan: Plan, *, respond: bool = True) -> int: ...

    def check_client(self, req: Request, plan: Plan) -> int:
        """Order, Allow and Deny, and the access phase: whether this client may ask at all."""
        status = access.check_host(req, plan.settings)
        return self.run_phase(ACCESS, req, plan) if status == OK else status

    def admit(self, req: Request, plan: Plan) -> int:
        """The access, authen and authz phases, as `Satisfy` combines them: OK or what to answer."""
        settings = plan.settings
        status = self.check_client(req, plan)
        if access.satisfies_any(req, settings):
            # A good host needs no user, and who fits the rules no host.
            if status in GO_ON:
                return OK
        elif status not in GO_ON:
            return status
        status = access.check_access(req, settings)
        return self.identify(req, plan) if status == DECLINED else status

    def identify(self, req: Request, plan: Plan) -> int:
        """Who is it, and may they: the authen and authz phases."""
        status = self.authenticate(req, plan)
        return status if status != OK else self.authorize(req, plan)

    def authenticate(self, req: Request, plan: Plan) -> int:
        """AuthUserFile and the authen phase: OK when the client is who it says."""
        status = access.check_user(req, plan.settings)
        if status == DECLINED:
            status = self.run_phase(AUTHEN, req, plan)
            if status == OK and req._user is None:
                req.log_error(NOBODY, APLOG_ERR)
                return HTTP_INTERNAL_SERVER_ERROR
        return OK if status == OK else access.denied_user(req, plan.settings, status)

    def authorize(self, req: Request, plan: Plan) -> int:
        """The authz phase, then Require: OK when this user may."""
        settings = plan.settings
        status = self.run_phase(AUTHZ, req, plan)
        if status == DECLINED:
            status = access.check_authz(req, settings)
            return status if status == OK else access.denied_user(req, settings, status)
        return status
