"""Calls an MTA with a stock DCE/RPC client and prints the answers as one JSON object. Argument: the port."""
import json
import struct
import sys

from impacket.dcerpc.v5 import transport
from impacket.dcerpc.v5.dtypes import ULONG
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRUniConformantArray
from impacket.dcerpc.v5.rpcrt import (
    MSRPC_BIND,
    MSRPC_BINDNAK,
    CtxItem,
    DCERPCException,
    MSRPCBind,
    MSRPCBindAck,
    MSRPCBindNak,
    MSRPCHeader,
)
from impacket.uuid import uuidtup_to_bin

MTA = uuidtup_to_bin(('9e8ee830-4459-11ce-979b-00aa005ffebe', '2.0'))
WORKSTATION = uuidtup_to_bin(('6bffd098-a112-3610-9833-46c3f87e345a', '1.0'))
NDR = uuidtup_to_bin(('8a885d04-1ceb-11c9-9fe8-08002b104860', '2.0'))
OPERATIONS = {'MtaBind': 0, 'MtaBindBack': 1, 'MtaSend': 2, 'MtaUnBind': 3, 'MtaUnBindBack': 4}
BINDING = 'ncacn_ip_tcp:127.0.0.1[%d]' % int(sys.argv[1])


class Octets(NDRUniConformantArray):
    item = 'c'


class OctetsPointer(NDRPOINTER):
    referent = (('Data', Octets),)


class Call(NDRCALL):
    """long Op([in] ulong cb, [in, size_is(cb)] byte p[], [out] ulong *pcb, [out, size_is(, *pcb)] byte **pp)"""

    structure = (('cb', ULONG), ('p', Octets))


class CallResponse(NDRCALL):
    structure = (('pcb', ULONG), ('pp', OctetsPointer), ('ErrorCode', ULONG))


def call_of(operation, octets):
    call = Call()
    call.opnum = OPERATIONS[operation]
    call['cb'] = len(octets)
    call['p'] = octets
    return call


def connect():
    dce = transport.DCERPCTransportFactory(BINDING).get_dce_rpc()
    dce.connect()
    return dce


def bound():
    dce = connect()
    dce.bind(MTA)
    return dce


def fault_of(dce, send):
    """Status of the answering fault: the client's name for it, and its value on the wire."""
    link = dce.get_rpc_transport()
    receive = link.recv
    seen = []

    def recording(*arguments, **named):
        seen.append(receive(*arguments, **named))
        return seen[-1]

    link.recv = recording
    try:
        send()
        answer = dce.recv()
    except DCERPCException as error:
        raw = b''.join(seen)
        return {'name': str(error), 'type': raw[2], 'status': '%08x' % struct.unpack('<L', raw[24:28]), 'flags': raw[3]}
    finally:
        link.recv = receive
    return {'answered': answer.hex()}


def field(number, octets):
    """A length-delimited field of a protobuf message."""

    def varint(value):
        out = b''
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    return varint(number << 3 | 2) + varint(len(octets)) + octets


CREDENTIALS = field(1, b'STRANGER') + b'\x18\x01' + field(4, b'8a2f0e6c-1f7e-4f0b-9c4e-5b2f3a1d7e90')


def bind_back(padding=0):
    """MtaBindBack for an association that does not exist. An unknown field pads it to any length."""
    return field(1, CREDENTIALS) + field(2, b'STRANGER/1/1') + (field(1000, bytes(padding)) if padding else b'')


def bind_back_answer(padding=0, fragment=None):
    dce = bound()
    if fragment is not None:
        dce.set_max_fragment_size(fragment)
    call = call_of('MtaBindBack', bind_back(padding))
    dce.call(call.opnum, call)
    response = CallResponse(dce.recv())
    return {'error': response['ErrorCode'], 'octets': b''.join(response['pp']).hex(), 'length': response['pcb']}


def stranger():
    """MtaBind from an unknown MTA. The complete answer says which MTA refuses and why."""
    rtorq = b'\x08\x1e\x10\x05\x18\x02\x20\x01'
    argument = field(1, CREDENTIALS) + field(2, b'127.0.0.1[1]') + field(3, b'STRANGER/1/1') + field(4, rtorq)
    dce = bound()
    call = call_of('MtaBind', argument)
    dce.call(call.opnum, call)
    response = CallResponse(dce.recv())
    octets = b''.join(response['pp'])
    return {'error': response['ErrorCode'], 'fits': response['pcb'] == len(octets), 'from': b'MTA-A' in octets, 'end': octets[-4:].hex()}


def raw_bind(group):
    item = CtxItem()
    item['AbstractSyntax'] = MTA
    item['TransferSyntax'] = NDR
    item['TransItems'] = 1
    bind = MSRPCBind()
    bind['assoc_group'] = group
    bind.addCtxItem(item)
    packet = MSRPCHeader()
    packet['type'] = MSRPC_BIND
    packet['call_id'] = 77
    packet['pduData'] = bind.getData()
    dce = connect()
    link = dce.get_rpc_transport()
    link.send(packet.get_packet())
    return dce, MSRPCHeader(link.recv())


def group_of_its_own():
    """A second connection may join the association group of the first."""
    first, answer = raw_bind(0)
    ack = MSRPCBindAck(answer.getData())
    second, joined = raw_bind(ack['assoc_group'])
    same = MSRPCBindAck(joined.getData())['assoc_group'] == ack['assoc_group']
    first.disconnect()
    second.disconnect()
    return {'group': ack['assoc_group'], 'joined': same, 'secondary': str(ack['SecondaryAddr'])}


def unknown_group():
    _, answer = raw_bind(0x1234)
    nak = MSRPCBindNak(answer['pduData'])
    return {'nak': answer['type'] == MSRPC_BINDNAK, 'call': answer['call_id'], 'reason': nak['RejectedReason']}


def rejection(bind):
    try:
        bind()
    except DCERPCException as error:
        return str(error)
    return 'accepted'


def altered():
    """Adds contexts on a bound connection: the interface again, then an unknown one. The old context still works."""
    dce = bound()
    second = dce.alter_ctx(MTA)
    call = call_of('MtaBindBack', bind_back())
    second.call(call.opnum, call)
    answered = CallResponse(second.recv())['ErrorCode']
    return {'answered': answered, 'other': rejection(lambda: second.alter_ctx(WORKSTATION))}


def garbage(operation, octets, framed=True):
    dce = bound()
    call = call_of(operation, octets)
    fault = fault_of(dce, lambda: dce.call(call.opnum, call if framed else octets))
    # The connection is still open, so the client may call again.
    again = fault_of(dce, lambda: dce.call(99, b''))
    return {**fault, 'again': again.get('status')}


def bogus_contexts():
    dce = connect()
    dce.bind(MTA, bogus_binds=3)
    return fault_of(dce, lambda: dce.call(5, b''))


print(
    json.dumps(
        {
            'unknown_interface': rejection(lambda: connect().bind(WORKSTATION)),
            'unknown_version': rejection(lambda: connect().bind(uuidtup_to_bin(('9e8ee830-4459-11ce-979b-00aa005ffebe', '3.0')))),
            'unknown_syntax': rejection(
                lambda: connect().bind(MTA, transfer_syntax=('71710533-beba-4937-8319-b5dbef9ccc36', '1.0'))
            ),
            'unknown_operation': fault_of(*(lambda dce: (dce, lambda: dce.call(5, b'')))(bound())),
            'bogus_contexts': bogus_contexts(),
            'send_garbage': garbage('MtaSend', b'\xff\xfe\xfd garbage'),
            'bind_garbage': garbage('MtaBind', bytes(range(256))),
            'no_frame': garbage('MtaSend', b'\x09\x00\x00\x00', framed=False),
            'stranger': stranger(),
            'bind_back': bind_back_answer(),
            'bind_back_long': bind_back_answer(padding=60_000),
            'bind_back_in_pieces': bind_back_answer(padding=3000, fragment=64),
            'altered': altered(),
            'group': group_of_its_own(),
            'unknown_group': unknown_group(),
        }
    )
)
