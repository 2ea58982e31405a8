"""The HTTP API of one node, for tests and ./dev."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request


class ApiError(Exception):
    def __init__(self, status, detail):
        super().__init__(f"{status}: {detail}")
        self.status = status


class GridApi:
    def __init__(self, host, port, token, tls=None, admin_password=None):
        """Over TLS when given an SSL context, as nodes take no credentials from other machines without. Without a token the password of
        admin stands for it."""
        self.url = f"{'https' if tls else 'http'}://{host}:{port}"
        self.token = token
        self.tls = tls
        self.admin_password = admin_password

    def _authorization(self):
        if self.admin_password is None:
            return "Bearer " + self.token
        return "Basic " + base64.b64encode(f"admin:{self.admin_password}".encode()).decode()

    def call(self, method, target, body=None, timeout=45):
        """The answer's JSON. Raises ApiError, or OSError when nobody answers."""
        request = urllib.request.Request(self.url + "/api/v1" + target, method=method)
        request.add_header("Authorization", self._authorization())
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout, context=self.tls) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["detail"]
            except (ValueError, KeyError):
                pass
            raise ApiError(error.code, text) from None

    def get(self, target, **options):
        return self.call("GET", target, **options)

    def post(self, target, body=None, **options):
        return self.call("POST", target, body or {}, **options)

    def probe(self, path, timeout=5):
        """Status and text of a path that asks for no log-in; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout, context=self.tls) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)


def path_part(text):
    return urllib.parse.quote(text, safe="")
