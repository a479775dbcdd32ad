"""How many files a test and the servers that it starts may open."""

import resource
import unittest


def raise_file_limit(wanted):
    """Skips the test where the system allows fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise unittest.SkipTest(f"only {hard} open files are allowed here, "
                                f"{wanted} are needed")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
