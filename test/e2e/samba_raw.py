"""Runs Samba's raw DCE/RPC tests against port 135 of this host, and prints one JSON object: the name of each case, and its error or null.

Cases that call NETLOGON run a second time with the management interface in its place, under the name `management: CASE`.
"""
import io
import json
import os
import sys
import unittest

os.environ.update(
    # Windows fills padding with random octets; these tests can check or ignore it.
    IGNORE_RANDOM_PAD='1',
    SERVER='127.0.0.1',
    TARGET_HOSTNAME='localhost',
    DOMAIN='X',
    REALM='X',
    USERNAME='u',
    PASSWORD='p',
    SMB_CONF_PATH='/dev/null',
)

from samba.dcerpc import base, mgmt  # noqa: E402
from samba.tests.dcerpc import raw_protocol  # noqa: E402

raw_protocol.global_ndr_print = False
raw_protocol.global_hexdump = False

callers_of_netlogon = []


class AsWritten(raw_protocol.TestDCERPC_BIND):
    def _get_netlogon_ctx(self):
        callers_of_netlogon.append(self._testMethodName)
        return super()._get_netlogon_ctx()


class WithManagement(raw_protocol.TestDCERPC_BIND):
    def _get_netlogon_ctx(self):
        ctx, ack = self.prepare_presentation(mgmt.abstract_syntax(), base.transfer_syntax_ndr(), context_id=0, return_ack=True)
        return ctx, ack, b'\0' * 8


def error_of(case):
    result = unittest.TestResult()
    # The cases report each time-out that they wait for.
    noise, sys.stderr = sys.stderr, io.StringIO()
    try:
        case.run(result)
    finally:
        sys.stderr = noise
    found = [text for _case, text in result.errors + result.failures] + [reason for _case, reason in result.skipped]
    return found[0].strip().split('\n')[-1] if found else None


names = unittest.defaultTestLoader.getTestCaseNames(AsWritten)
outcomes = {name: error_of(AsWritten(name)) for name in names}
outcomes.update({'management: ' + name: error_of(WithManagement(name)) for name in callers_of_netlogon})
print(json.dumps(outcomes))
