"""The process behind the proxy: answers every GET with a line. Usage: backend.py PORT"""
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        token = "with" if self.headers.get("X-Token") else "without"
        body = f"Hello from a process on port {sys.argv[1]}, asked {token} a token.\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
