"""The ledger is made of a folder of results, as the pages are: the rooms share what makes one."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("results_of_the_pages", Path(__file__).parents[1] / "pages" / "conftest.py")
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)

make_results = _module.make_results
