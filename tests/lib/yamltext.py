"""Writes Python values as the YAML a person would write, and knows the line of each path."""
import json
import re

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


# Not allowed in YAML text as they are, though in JSON's.
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028-\u202e\ufeff\ufffe\uffff]")


def quoted(text):
    """A JSON string that is a YAML string as well (JSON's escaped halves of characters are not)."""
    text = json.dumps(text, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda m: f"\\u{ord(m.group()):04x}", text)


def scalar(value):
    # A dollar begins a variable, so it is doubled.
    return quoted(value).replace("$", "$$") if isinstance(value, str) else json.dumps(value)


def key_text(key):
    if PLAIN_KEY.match(key) and key.lower() not in WORDS:
        return key
    return quoted(key)


class Writer:
    def __init__(self):
        self.out = []
        self.lines = {}  # "routes/0/handle" -> line number, from 1

    def put(self, indent, head, value, path):
        self.lines[path] = line = len(self.out) + 1
        if isinstance(value, (dict, list)) and value:
            if head != "- ":
                self.out.append(" " * indent + head.rstrip())
            self.body(indent + 2, value, path)
            if head == "- ":  # the item begins on the line of its dash
                self.out[line - 1] = " " * indent + head + self.out[line - 1][indent + 2:]
        else:
            text = scalar(value) if not isinstance(value, (dict, list)) else json.dumps(value)
            self.out.append(" " * indent + head + text)

    def body(self, indent, value, path):
        if isinstance(value, dict):
            for key, item in value.items():
                self.put(indent, key_text(key) + ": ", item, f"{path}/{key}".lstrip("/"))
        else:
            for i, item in enumerate(value):
                self.put(indent, "- ", item, f"{path}/{i}".lstrip("/"))


def dump(value):
    """The text of a mapping, and the map from paths to lines."""
    w = Writer()
    w.body(0, value, "")
    return "\n".join(w.out) + "\n", w.lines
