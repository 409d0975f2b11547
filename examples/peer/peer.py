#!/usr/bin/env python3
"""A small MTA for `mtalab grade`: one adjacent MTA, the LAN link, nothing on disk. Standard library only.

docs/grade.md describes how the grader starts a peer and talks to it; docs/protocol/lan-link.md and rules.md describe the
protocol. The parts of this file, from the wire upwards:

    protobuf    the messages of packages/transport/proto/mtalab.proto, by field numbers
    ndr_*       the counted arrays around them
    Connection  one TCP connection with its DCE/RPC PDUs
    Association the Turn, the transfers and the recovery of one association
    Peer        the queue, the received mail, and the commands of the grader
"""
import collections
import hashlib
import json
import os
import selectors
import socket
import struct
import sys
import time
import uuid

# ---- protobuf -------------------------------------------------------------------------------------------------------

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """One field: an integer as a varint, text and octets with their length. Zero and empty scalars are left out."""
    if isinstance(value, bool) or isinstance(value, int):
        return varint(number << 3) + varint(int(value)) if value else b''
    octets = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def decode(octets):
    """All fields of a message: {number: [value, ...]}, values as integers or octets."""
    fields, at = collections.defaultdict(list), 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            octet = octets[at]
            at += 1
            value |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    while at < len(octets):
        key = number()
        if key & 7 == 0:
            fields[key >> 3].append(number())
        elif key & 7 == 2:
            length = number()
            fields[key >> 3].append(bytes(octets[at:at + length]))
            at += length
        else:
            raise ValueError(f'wire type {key & 7}')
    return fields


def one(fields, number, default=0):
    """The last value of a field, as protobuf has it."""
    values = fields.get(number)
    return values[-1] if values else default


def text(fields, number):
    return one(fields, number, b'').decode()

# Field numbers of RtseApdu.
RTORQ, RTOAC, RTORJ, RTTP, PLEASE_NOTED, TURN_GIVE, TURN_GIVE_ACK, RTTR = 1, 2, 3, 4, 5, 6, 7, 8
CONFIRM, REFUSE, DISCARD, DISCARDED, CLOSE, CLOSE_ACK, RTAB = 9, 10, 11, 12, 13, 14, 15
INITIATOR, RESPONDER = 1, 2
CANNOT_RECOVER = 1
DISCONNECT = 0.4  # seconds for which the responder keeps a lost association; lab time is fast
PRIORITY = {'urgent': 1, 'normal': 2, 'non-urgent': 3}

# ---- NDR ------------------------------------------------------------------------------------------------------------

def ndr_argument(octets):
    """Stub of a request: length, maximum count, octets."""
    return struct.pack('<II', len(octets), len(octets)) + octets


def ndr_padding(octets):
    """The return value behind the octets is aligned to 4."""
    return b'\0' * (-len(octets) % 4)


def ndr_result(octets, returned=0):
    """Stub of a response: length, referent, count, octets, padding, return value."""
    return struct.pack('<III', len(octets), 0x20000, len(octets)) + octets + ndr_padding(octets) + struct.pack('<I', returned)

# ---- DCE/RPC --------------------------------------------------------------------------------------------------------

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK = 0, 2, 3, 11, 12, 13
MTA_BIND, MTA_BIND_BACK, MTA_SEND, MTA_UNBIND, MTA_UNBIND_BACK = range(5)
FIRST_AND_LAST, MULTIPLEX = 3, 0x10
INTERFACE = uuid.UUID('9e8ee830-4459-11ce-979b-00aa005ffebe').bytes_le + struct.pack('<I', 2)
NDR = uuid.UUID('8a885d04-1ceb-11c9-9fe8-08002b104860').bytes_le + struct.pack('<I', 2)
FRAGMENT = 5840


class Connection:
    """A TCP connection, dialled or accepted. `association` is None until the first call tells it."""

    def __init__(self, peer, sock, group=0):
        self.peer, self.sock, self.group = peer, sock, group
        self.association = None
        self.input, self.output, self.stub = bytearray(), bytearray(), bytearray()
        self.calls, self.last_call = {}, 0
        self.bound = None
        self.dead = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        peer.selector.register(sock, selectors.EVENT_READ, self)

    # As a client.

    def bind(self, then):
        """Bind with this connection's group; `then` is called with the group that the server answers."""
        self.bound = then
        context = struct.pack('<B3xHBx', 1, 0, 1) + INTERFACE + NDR
        self.last_call += 1
        self.pdu(BIND, self.last_call, struct.pack('<HHI', FRAGMENT, FRAGMENT, self.group) + context, MULTIPLEX)

    def call(self, opnum, message, then):
        self.last_call += 1
        self.calls[self.last_call] = then
        stub = ndr_argument(message)
        self.pdu(REQUEST, self.last_call, struct.pack('<IHH', len(stub), 0, opnum) + stub)

    # As a server.

    def reply(self, call, message, returned=0):
        stub = ndr_result(message, returned)
        self.pdu(RESPONSE, call, struct.pack('<IHBx', len(stub), 0, 0) + stub)

    # Both.

    def pdu(self, kind, call, body, flags=0):
        """Queue one PDU of one fragment. This MTA sends nothing that needs two."""
        if self.dead:
            return
        header = struct.pack('<BBBBIHHI', 5, 0, kind, FIRST_AND_LAST | flags, 0x10, 16 + len(body), 0, call)
        self.output += header + body
        self.flush()

    def flush(self):
        try:
            while self.output:
                del self.output[:self.sock.send(self.output)]
            events = selectors.EVENT_READ
        except BlockingIOError:
            events = selectors.EVENT_READ | selectors.EVENT_WRITE
        except OSError:
            # The end is noticed by the next read, outside of whatever is happening now.
            self.output.clear()
            events = selectors.EVENT_READ
        self.peer.selector.modify(self.sock, events, self)

    def readable(self):
        try:
            octets = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            octets = b''
        if not octets:
            self.close()
            self.peer.lost(self)
            return
        self.input += octets
        while len(self.input) >= 16 and not self.dead:
            length = struct.unpack_from('<H', self.input, 8)[0]
            if len(self.input) < length:
                break
            pdu = bytes(self.input[:length])
            del self.input[:length]
            self.take(pdu)

    def take(self, pdu):
        kind, flags, call = pdu[2], pdu[3], struct.unpack_from('<I', pdu, 12)[0]
        if kind == BIND:
            group = self.peer.group_for(self, struct.unpack_from('<I', pdu, 20)[0])
            if group is None:
                self.pdu(BIND_NAK, call, struct.pack('<HBBB3x', 0, 1, 5, 0))
            else:
                address = b'0\0'
                ack = struct.pack('<HHIH', FRAGMENT, FRAGMENT, group, len(address)) + address
                ack += b'\0' * (-(16 + len(ack)) % 4) + struct.pack('<B3xHH', 1, 0, 0) + NDR
                self.pdu(BIND_ACK, call, ack, MULTIPLEX)
        elif kind == BIND_ACK:
            self.group = struct.unpack_from('<I', pdu, 20)[0]
            self.bound(self.group)
        elif kind in (REQUEST, RESPONSE):
            self.stub += pdu[24:]
            if flags & 2:
                stub, self.stub = bytes(self.stub), bytearray()
                if kind == REQUEST:
                    length = struct.unpack_from('<I', stub, 0)[0]
                    self.peer.called(self, call, struct.unpack_from('<H', pdu, 22)[0], decode(stub[8:8 + length]))
                else:
                    length, referent = struct.unpack_from('<II', stub, 0)
                    then = self.calls.pop(call, None)
                    if then is not None:
                        then(decode(stub[12:12 + length] if referent else b''))
        else:
            # A fault or a bind_nak: nothing here can go on with this connection.
            self.close()
            self.peer.lost(self)

    def close(self):
        if not self.dead:
            self.dead = True
            self.peer.selector.unregister(self.sock)
            self.sock.close()

# ---- RTSE -----------------------------------------------------------------------------------------------------------

class Association:
    """One association. `state`: opening, open, or lost."""

    def __init__(self, peer, name, initiator, endpoint):
        self.peer, self.name, self.initiator, self.endpoint = peer, name, initiator, endpoint
        self.state, self.recovery, self.tries, self.opened_once = 'opening', 0, 0, False
        self.holds = initiator
        self.group = 0              # of the connection that this side dialled first: its data connection joins it
        self.connections = set()
        self.checkpoint = 1024
        self.fresh()

    def fresh(self):
        """What a loss voids on both sides: every Please, the transfer, the calls that wait."""
        self.data, self.data_bound = None, False
        self.asked = None           # priority of the other side's Please
        self.asking = False         # this side's Please is outstanding
        self.giving = False         # this side's Give is not acknowledged
        self.sending = None         # the message in transfer
        self.since_asked = 0        # transfers begun since the other side's Please
        self.held = []              # calls that overtook the RTOAC

    def join(self, connection):
        connection.association = self
        self.connections.add(connection)

    # Opening and recovery, as the initiator.

    def open(self):
        """MtaBind on a new connection. Called again with a higher number for each recovery."""
        self.state = 'opening'
        self.group = 0
        try:
            first = self.peer.dial(self.endpoint, 0)
        except OSError:
            self.retry()
            return
        self.join(first)

        def bound(group):
            self.group = group
            turn = field(4, self.turn_to_state())
            rtorq = field(1, 1) + field(2, 3) + field(3, 2) + turn + field(5, self.recovery)
            argument = (field(1, self.peer.credentials()) + field(2, self.peer.advertise) + field(3, self.name) + field(4, rtorq))
            first.call(MTA_BIND, argument, self.answered)
        first.bind(bound)

    def turn_to_state(self):
        """The holder from now on, from this side's memory. A Give that was sent counts as given."""
        return INITIATOR if self.holds else RESPONDER

    def answered(self, result):
        if result.get(2):
            rtoac = decode(one(result, 2))
            self.opened(one(rtoac, 1))
            return
        if one(decode(one(result, 3, b'')), 1) == CANNOT_RECOVER:
            self.drop_connections()
            self.peer.forget(self)
        else:
            self.retry()

    def retry(self):
        """Recover again: after 20 ms, then 40, 80, ... at most 500. One that was never open ends: the next has a new name."""
        self.drop_connections()
        if not self.opened_once:
            self.peer.forget(self)
            return
        self.state = 'lost'
        self.tries += 1
        self.peer.later(min(0.02 * 2 ** (self.tries - 1), 0.5), self.recover)

    def recover(self):
        if self.state == 'lost' and self.peer.associations.get(self.name) is self:
            self.recovery += 1
            self.open()

    def opened(self, checkpoint_k):
        self.state, self.tries, self.opened_once = 'open', 0, True
        self.checkpoint = checkpoint_k * 1024 or 2 ** 31
        held, self.held = self.held, []
        for connection, call, fields in held:
            self.take(connection, call, fields)
        self.peer.work()

    # The loss.

    def drop_connections(self):
        connections, self.connections = self.connections, set()
        for connection in connections:
            connection.association = None
            connection.close()

    def lose(self):
        """One connection is gone, so the association is lost. Only the initiator recovers, and at once."""
        was = self.state
        self.drop_connections()
        self.put_back()
        self.fresh()
        self.state = 'lost'
        if self.initiator:
            if was == 'open':
                self.recover()
            else:
                self.retry()
        elif not self.opened_once:
            self.peer.forget(self)
        else:
            lost = self.recovery
            self.peer.later(DISCONNECT, lambda: self.give_up(lost))

    def give_up(self, lost):
        """The initiator has not recovered it within Disconnect: mail that waits goes by another association."""
        if self.state == 'lost' and self.recovery == lost and self.peer.associations.get(self.name) is self:
            self.peer.forget(self)

    def put_back(self):
        """Mail in transfer goes back to its place in the queue."""
        if self.sending is not None:
            self.peer.queue.append(self.sending)

    # The Turn.

    def may_send(self):
        return self.holds

    def work(self):
        """Whatever this association can do now: give, transfer, or ask."""
        if self.state != 'open' or self.sending is not None:
            return
        message = self.peer.next_message()
        if self.holds and self.asked is not None and self.should_give(message):
            self.give()
        elif message is not None and self.may_send():
            self.peer.queue.remove(message)
            self.transfer(message)
        elif message is not None and not self.holds and not self.asking and not self.giving:
            self.ask(message)

    def should_give(self, message):
        """At once if nothing is to send or the Please outranks it; else after at most ten further transfers."""
        if message is None or self.since_asked >= 10:
            return True
        return 0 < self.asked < message['priority']

    def give(self):
        # The giver ceases to hold when it sends.
        self.holds, self.asked, self.giving = False, None, True

        def acknowledged(_):
            self.giving = False
            self.peer.work()
        self.send(field(TURN_GIVE, b''), acknowledged)

    def ask(self, message):
        self.asking = True
        self.send(field(RTTP, field(1, message['priority'])), lambda _: None)

    def send(self, apdu, then):
        """MtaSend on the data connection, which the first APDU opens in the group of this side's first connection."""
        current = self.data
        if current is None:
            try:
                current = self.data = self.peer.dial(self.endpoint, self.group)
            except OSError:
                self.lose()
                return
            self.join(current)
            current.waiting = collections.deque()

            def bound(_):
                waiting, current.waiting = current.waiting, None
                for each in waiting:
                    current.call(MTA_SEND, *each)
            current.bind(bound)
        if current.waiting is None:
            current.call(MTA_SEND, apdu, then)
        else:
            current.waiting.append((apdu, then))

    # Transfers, as the sender.

    def transfer(self, message):
        """Begin the activity, or resume it at the last confirmed octet."""
        self.sending = message
        if self.asked is not None:
            self.since_asked += 1
        self.segment(message['confirmed'], True)

    def segment(self, offset, first):
        message = self.sending
        piece = message['content'][offset:offset + self.checkpoint]
        last = offset + len(piece) == len(message['content'])
        start = field(4, self.peer.envelope(message)) if first else b''
        rttr = field(1, message['activity']) + field(2, offset) + field(3, last) + start + field(5, piece)
        self.send(field(RTTR, rttr), self.confirmed)

    def confirmed(self, result):
        message = self.sending
        if message is None:
            return
        if result.get(CONFIRM):
            confirm = decode(one(result, CONFIRM))
            message['confirmed'] = one(confirm, 2)
            if not one(confirm, 3):
                self.segment(message['confirmed'], False)
                return
        else:
            # Refused: it starts again.
            message['confirmed'] = 0
            self.peer.queue.append(message)
        self.sending = None
        self.peer.work()

    # Arriving APDUs.

    def take(self, connection, call, fields):
        if self.state != 'open':
            self.held.append((connection, call, fields))
        elif fields.get(RTTR):
            connection.reply(call, self.peer.receive(decode(one(fields, RTTR))))
        elif fields.get(RTTP):
            self.asked, self.since_asked = one(decode(one(fields, RTTP)), 1), 0
            connection.reply(call, field(PLEASE_NOTED, b''))
            self.work()
        elif fields.get(TURN_GIVE):
            self.holds, self.asking = True, False
            connection.reply(call, field(TURN_GIVE_ACK, b''))
            self.peer.work()
        elif fields.get(DISCARD):
            connection.reply(call, field(DISCARDED, field(1, one(decode(one(fields, DISCARD)), 1))))
        elif fields.get(RTAB):
            self.drop_connections()
            self.put_back()
            self.peer.forget(self)

# ---- the MTA --------------------------------------------------------------------------------------------------------

class Peer:
    Association = Association

    def __init__(self):
        self.name = os.environ['MTALAB_NAME']
        self.advertise = os.environ['MTALAB_ADVERTISE']
        self.other = os.environ['MTALAB_CONNECT']
        self.selector = selectors.DefaultSelector()
        self.timers, self.incarnation, self.commands = [], 0, b''
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.command)
        self.reset()
        self.say({'ready': self.listener.getsockname()[1]})

    def reset(self):
        """Forget everything: a new MTA on an empty store."""
        for key in list(self.selector.get_map().values()):
            if isinstance(key.data, Connection):
                key.data.close()
        self.timers.clear()
        self.incarnation += 1
        self.store = str(uuid.uuid4())
        self.queue, self.associations, self.groups = [], {}, {}
        self.partial, self.stored = {}, {}
        self.last = {'activity': 0, 'association': 0, 'group': 0}

    def number(self, of):
        self.last[of] += 1
        return self.last[of]

    # The grader.

    def say(self, what):
        print(json.dumps(what), flush=True)

    def command(self):
        octets = os.read(sys.stdin.fileno(), 65536)
        if not octets:
            sys.exit(0)
        *lines, self.commands = (self.commands + octets).split(b'\n')
        for line in lines:
            command = json.loads(line)
            if 'reset' in command:
                self.reset()
                self.say(command)
            elif 'send' in command:
                self.submit(command)
            elif 'stop' in command:
                sys.exit(0)

    def submit(self, command):
        content = (command['send'] + ' ').encode().ljust(command['size'], b'.')[:command['size']]
        self.queue.append({'id': command['send'], 'priority': PRIORITY[command['priority']], 'content': content,
                           'activity': self.incarnation << 32 | self.number('activity'), 'confirmed': 0})
        self.work()

    # Mail.

    def next_message(self):
        """The most urgent message first; within a priority, the oldest."""
        return min(self.queue, key=lambda each: (each['priority'], each['activity']), default=None)

    def envelope(self, message):
        now = int(time.time() * 1000)
        return (field(1, message['id']) + field(2, 'peer@peer.example') + field(3, message['priority'])
                + field(4, 'message/rfc822') + field(5, now) + field(6, len(message['content']))
                + field(7, field(1, self.name) + field(2, now)) + field(8, 'grader@grader.example')
                + field(9, hashlib.sha256(message['content']).digest()))

    def receive(self, rttr):
        """One segment. The answer: how much of the activity is kept, and whether that is all."""
        activity, offset, content = one(rttr, 1), one(rttr, 2), one(rttr, 5, b'')
        if self.is_stored(activity):
            return self.confirmation(activity, self.stored[activity], True)
        if rttr.get(4):
            envelope = decode(one(rttr, 4))
            kept = self.partial.get(activity, {'content': b''})['content'][:offset]
            self.partial[activity] = {'id': text(envelope, 1), 'content': kept}
        message = self.partial.get(activity)
        if message is None or len(message['content']) != offset:
            self.partial.pop(activity, None)
            return field(REFUSE, field(1, activity) + field(2, 3))
        message['content'] += content
        up_to = len(message['content'])
        if not one(rttr, 3):
            return self.confirmation(activity, up_to, False)
        # A real MTA would write the message to disk here, with the activity id, in one transaction.
        del self.partial[activity]
        self.stored[activity] = up_to
        self.say({'delivered': message['id']})
        return self.confirmation(activity, up_to, True)

    def is_stored(self, activity):
        """Exactly once: a copy that comes again is confirmed, and not stored."""
        return activity in self.stored

    def confirmation(self, activity, up_to, stored):
        return field(CONFIRM, field(1, activity) + field(2, up_to) + field(3, stored))

    def work(self):
        """Something has changed: let every association do what it can, or open one if there is none."""
        for association in list(self.associations.values()):
            association.work()
        if self.queue and not self.associations:
            name = f"{self.name}/{self.incarnation}/{self.number('association')}"
            association = self.associations[name] = self.Association(self, name, True, self.other)
            association.open()

    # Associations.

    def credentials(self):
        return field(1, self.name) + field(3, self.incarnation) + field(4, self.store) + field(5, 1)

    def forget(self, association):
        """It ended without recovery. Mail that waits opens another one, but never at full speed."""
        self.associations.pop(association.name, None)
        self.later(0.01, self.work)

    def lost(self, connection):
        if connection.association is not None:
            connection.association.lose()

    def group_for(self, connection, group):
        """Found a group for 0, join a known one, or None."""
        if group == 0:
            connection.group = self.number('group')
            return connection.group
        association = self.groups.get(group)
        if association is None or self.associations.get(association.name) is not association:
            return None
        connection.group = group
        association.join(connection)
        return group

    def called(self, connection, call, opnum, fields):
        if opnum == MTA_BIND:
            self.called_to_open(connection, call, fields)
        elif opnum == MTA_BIND_BACK:
            association = self.associations.get(text(fields, 2))
            fits = association is not None and association.state == 'opening' and one(fields, 3) == association.recovery
            if fits:
                association.join(connection)
                self.groups[connection.group] = association
            connection.reply(call, field(1, fits), 0 if fits else 5)
        elif opnum in (MTA_UNBIND, MTA_UNBIND_BACK):
            connection.reply(call, field(CLOSE_ACK, b''))
            if opnum == MTA_UNBIND and connection.association is not None:
                connection.association.put_back()
                self.associations.pop(connection.association.name, None)
        elif connection.association is not None:
            connection.association.take(connection, call, fields)

    def called_to_open(self, connection, call, fields):
        """MtaBind: call back, and only when that is answered adopt the Turn of the RTORQ and answer with RTOAC."""
        name, endpoint = text(fields, 3), text(fields, 2)
        rtorq = decode(one(fields, 4, b''))
        number, checkpoint_k = one(rtorq, 5), one(rtorq, 1)
        association = self.associations.get(name)

        def refuse():
            connection.reply(call, field(1, self.credentials()) + field(3, field(1, CANNOT_RECOVER)))
        if number > 0 and (association is None or number <= association.recovery):
            refuse()
            return
        if association is None:
            association = self.associations[name] = self.Association(self, name, False, endpoint)
        elif association.state != 'lost':
            # A recovery is itself notice of the loss.
            association.drop_connections()
            association.put_back()
            association.fresh()
        association.state, association.recovery = 'opening', number
        association.join(connection)
        self.groups[connection.group] = association
        try:
            back = self.dial(endpoint, 0)
        except OSError:
            refuse()
            return
        association.join(back)

        def bound(group):
            association.group = group
            argument = field(1, self.credentials()) + field(2, name) + field(3, number)
            back.call(MTA_BIND_BACK, argument, called_back)

        def called_back(result):
            if not one(result, 1):
                refuse()
                return
            self.adopt(association, one(rtorq, 4))
            connection.reply(call, field(1, self.credentials()) + field(2, field(1, checkpoint_k) + field(2, 3)))
            association.opened(checkpoint_k)
        back.bind(bound)

    def adopt(self, association, turn):
        """The Turn is where the initiator says it is."""
        association.holds = turn == RESPONDER

    # Sockets and timers.

    def dial(self, endpoint, group):
        """Connect to a string binding such as 127.0.0.1[4097]."""
        host, port = endpoint.removeprefix('ncacn_ip_tcp:').rstrip(']').split('[')
        return Connection(self, socket.create_connection((host, int(port)), 5), group)

    def accept(self):
        try:
            Connection(self, self.listener.accept()[0])
        except OSError:
            pass

    def later(self, seconds, action):
        self.timers.append((time.monotonic() + seconds, action))

    def run(self):
        while True:
            wait = min((due for due, _ in self.timers), default=None)
            wait = None if wait is None else max(0, wait - time.monotonic())
            for key, events in self.selector.select(wait):
                if not isinstance(key.data, Connection):
                    key.data()
                    continue
                if events & selectors.EVENT_WRITE and not key.data.dead:
                    key.data.flush()
                if events & selectors.EVENT_READ and not key.data.dead:
                    key.data.readable()
            now = time.monotonic()
            due = [timer for timer in self.timers if timer[0] <= now]
            self.timers = [timer for timer in self.timers if timer[0] > now]
            for _, action in due:
                action()


if __name__ == '__main__':
    Peer().run()
