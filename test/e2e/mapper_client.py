"""Queries an endpoint mapper and a management interface with a stock RPC client, and prints one JSON object. Arguments: mapper's port, MTA's port."""
import json
import sys

from impacket.dcerpc.v5 import epm, mgmt, transport
from impacket.dcerpc.v5.ndr import NDRCALL, NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import bin_to_uuidtup, uuidtup_to_bin

MTA = uuidtup_to_bin(('9e8ee830-4459-11ce-979b-00aa005ffebe', '2.0'))
NEWER = uuidtup_to_bin(('9e8ee830-4459-11ce-979b-00aa005ffebe', '2.1'))
NDR = uuidtup_to_bin(('8a885d04-1ceb-11c9-9fe8-08002b104860', '2.0'))
WORKSTATION = uuidtup_to_bin(('6bffd098-a112-3610-9833-46c3f87e345a', '1.0'))
HOST = '127.0.0.1'
MAPPER, SERVER = (int(text) for text in sys.argv[1:3])


def connect(port):
    dce = transport.DCERPCTransportFactory('ncacn_ip_tcp:%s[%d]' % (HOST, port)).get_dce_rpc()
    dce.connect()
    return dce


def entry_of(entry):
    floors = entry['tower']['Floors']
    interface = floors[0]
    return {
        'annotation': entry['annotation'].decode(),
        'binding': epm.PrintStringBinding(floors),
        'interface': [bin_to_uuidtup(interface['InterfaceUUID'] + b'\0' * 4)[0], interface['MajorVersion'], interface['MinorVersion']],
    }


def lookup(**which):
    return [entry_of(entry) for entry in epm.hept_lookup(HOST, dce=connect(MAPPER), **which)]


def refusal(ask):
    try:
        return ask()
    except DCERPCException as error:
        return str(error)


def mapped(interface, protocol='ncacn_ip_tcp'):
    return refusal(lambda: epm.hept_map(HOST, interface, protocol=protocol, dce=connect(MAPPER)))


def mapped_all():
    """Requests several towers; the client's own function requests one only."""
    question = epm.ept_map()
    tower = epm.EPMTower()
    tower['NumberOfFloors'] = 5
    interface, syntax = epm.EPMRPCInterface(), epm.EPMRPCDataRepresentation()
    interface['InterfaceUUID'], syntax['DataRepUuid'] = MTA[:16], NDR[:16]
    for floor in (interface, syntax):
        floor['MajorVersion'], floor['MinorVersion'] = 2, 0
    protocol, port, address = epm.EPMProtocolIdentifier(), epm.EPMPortAddr(), epm.EPMHostAddr()
    protocol['ProtIdentifier'] = epm.FLOOR_RPCV5_IDENTIFIER
    port['IpPort'], address['Ip4addr'] = 0, b'\0' * 4
    tower['Floors'] = b''.join(floor.getData() for floor in (interface, syntax, protocol, port, address))
    question['max_towers'] = 4
    question['map_tower']['tower_length'] = len(tower)
    question['map_tower']['tower_octet_string'] = tower.getData()
    dce = connect(MAPPER)
    dce.bind(epm.MSRPC_UUID_PORTMAP)
    answer = dce.request(question)
    towers = [epm.EPMTower(b''.join(each['Data']['tower_octet_string'])) for each in answer['ITowers']]
    return [epm.PrintStringBinding(each['Floors']) for each in towers]


def management(port):
    dce = connect(port)
    dce.bind(mgmt.MSRPC_UUID_MGMT)
    vector = mgmt.hinq_if_ids(dce)['if_id_vector']
    interfaces = [[bin_to_uuidtup(each['Data']['Uuid'] + b'\0' * 4)[0], each['Data']['VersMajor']] for each in vector['if_id']]
    # If the client checks the status, it takes the answer, a boolean behind the status, for an error.
    listening = mgmt.his_server_listening(dce)['status']
    stopped = refusal(lambda: mgmt.hstop_server_listening(dce)['status'])
    return {
        'interfaces': interfaces,
        'listening': listening,
        'stop': stopped,
        'stats': statistics(dce),
        'principal': principal(dce),
    }


def statistics(dce):
    """Asks twice: the second answer has counted the first call."""
    before, after = (list(mgmt.hinq_stats(dce, 4)['statistics']) for _ in range(2))
    return {
        'count': len(after),
        'first': len(mgmt.hinq_stats(dce, 2)['statistics']),
        'callsIn': before[0] >= 4 and after[0] == before[0] + 1,
        'callsOut': after[1],
        'fragmentsIn': after[2] == before[2] + 1,
        'fragmentsOut': after[3] == before[3] + 1,
    }


def principal(dce):
    request = mgmt.inq_princ_name()
    request['authn_proto'], request['princ_name_size'] = 10, 64
    answer = dce.request(request, checkError=False)
    return {'name': b''.join(answer['princ_name']).decode(), 'error': answer['status']}


class ept_lookup_handle_free(NDRCALL):
    opnum = 4
    structure = (('entry_handle', epm.ept_lookup_handle_t),)


class ept_lookup_handle_freeResponse(NDRCALL):
    structure = (('entry_handle', epm.ept_lookup_handle_t), ('status', epm.error_status))


def walk():
    """Looks up the entries one by one, until none is left, and frees the handle that came last."""
    dce = connect(MAPPER)
    dce.bind(epm.MSRPC_UUID_PORTMAP)
    question = epm.ept_lookup()
    question['inquiry_type'], question['vers_option'], question['max_ents'] = 0, 1, 1
    question['object'], question['Ifid'] = NULL, NULL
    found = []
    for _ in range(3):
        answer = dce.request(question, checkError=False)
        question['entry_handle'] = answer['entry_handle']
        found += [answer['num_ents'], 'end' if answer['entry_handle'].isNull() else 'more']
    freeing = ept_lookup_handle_free()
    freeing['entry_handle'] = question['entry_handle']
    return found + ['freed' if dce.request(freeing)['status'] == 0 else 'not freed']


print(
    json.dumps(
        {
            'all': lookup(),
            'mta': lookup(inquiry_type=epm.RPC_C_EP_MATCH_BY_IF, ifId=MTA),
            'workstation': refusal(lambda: lookup(inquiry_type=epm.RPC_C_EP_MATCH_BY_IF, ifId=WORKSTATION)),
            'mapped': mapped(MTA),
            'mapped_all': mapped_all(),
            'newer': mapped(NEWER),
            'pipe': mapped(MTA, 'ncacn_np'),
            'mapper': mapped(epm.MSRPC_UUID_PORTMAP),
            'management': mapped(mgmt.MSRPC_UUID_MGMT),
            'walk': walk(),
            'at_mapper': management(MAPPER),
            'at_mta': management(SERVER),
            'mta_at_mapper': refusal(lambda: connect(MAPPER).bind(MTA) and 'accepted'),
            'mapper_at_mta': refusal(lambda: connect(SERVER).bind(epm.MSRPC_UUID_PORTMAP) and 'accepted'),
        }
    )
)
