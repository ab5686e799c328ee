"""Writes goldens.json: what the Python package makes of the templates in templates.py, with the settings
that chat templates have there. Made with transformers 5.23.0 and Jinja2 3.1.6."""
import json
import pathlib

from jinja2 import TemplateSyntaxError
from transformers.utils.chat_template_utils import _compile_jinja_template as compile_template

import templates

HERE = pathlib.Path(__file__).resolve().parent
VARIABLES = {"n": 3, "t": "abcd", "l": [1, 2, 3, 4], "d": {"a": 1, "b": {"c": "é"}, "z": [True, None, 0.5]}}


def outcome(source):
    try:
        return {"text": compile_template(source).render(VARIABLES)}
    except TemplateSyntaxError as error:
        return {"broken": error.lineno}
    except SyntaxError:  # of Python, which Jinja leaves to find a `break` outside of a loop
        return {"broken": None}
    except Exception as error:  # whatever Python raises inside of a template refuses it
        return {"refused": f"{type(error).__name__}: {error}"}


groups = {}
for name in ("SYNTAX", "STATEMENTS", "FILTERS", "METHODS", "TESTS", "BROKEN", "REFUSED"):
    groups[name.lower()] = [{"template": source} | outcome(source) for source in getattr(templates, name)]
text = json.dumps({"variables": VARIABLES, "groups": groups}, ensure_ascii=False, indent=1)
(HERE / "goldens.json").write_text(text + "\n", encoding="utf-8")
