"""The security headers of every answer, also of errors, files and refusals below Flask."""

from __future__ import annotations

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        "worker-src 'self'",
    )
)

SECURITY_HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
    ),
)

# No browser draws what programs ask for with their own proof, and over a village's link every byte counts.
MACHINE_HEADERS: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)

# Only ever sent over https: on the plain-HTTP network of an office it would lock people out.
STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
# Marks in a WSGI environment what came in by the TLS of the office (shared.web.secure): there the header is never sent.
# A browser keeps it for a name and all its ports, so http://<computer>.local:8600 would be closed for a year to a PC
# that has the certificate, and to one that has it no more.
OFFICE_TLS = "sipande.kantor"
