"""Certificates of tests' own making, and what a listener shows."""

import hashlib
import socket
import ssl
import subprocess

from grid import insecure_tls

NAME = "mail.example.test"


def make_certificate(folder, *names, days=90):
    """The files of a certificate of its own making and its key, and its fingerprint."""
    certificate, key = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", str(days), "-subj", f"/CN={names[0]}", "-addext",
                    "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return certificate, key, hashlib.sha256(der).hexdigest()


def fingerprint(connection):
    return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()


def shown(node, service, name=NAME):
    with socket.create_connection((node["host"], node[service]), 10) as plain:
        with insecure_tls().wrap_socket(plain, server_hostname=name) as tls:
            return fingerprint(tls)
