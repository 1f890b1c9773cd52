"""A download that keeps nothing of what it receives."""

import http.client


def received_bytes(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, f"{path}: {answer.status}"
        buffer, total = bytearray(2**18), 0
        while count := answer.readinto(buffer):
            total += count
        return total
    finally:
        connection.close()
