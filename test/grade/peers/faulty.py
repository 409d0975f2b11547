"""The sample peer with one fault, for the tests of `mtalab grade`: `faulty.py FAULT`. Each fault replaces one method."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / 'examples' / 'peer'))
sys.dont_write_bytecode = True
import peer  # noqa: E402
from peer import Association, Connection, Peer  # noqa: E402


def sends_without_turn():
    Association.may_send = lambda self: True


def never_gives():
    Association.should_give = lambda self, message: False


def gives_twice():
    give = Association.give

    def twice(self):
        give(self)
        self.send(peer.field(peer.TURN_GIVE, b''), lambda _: None)
    Association.give = twice


def confirms_early():
    confirmation = Peer.confirmation
    Peer.confirmation = lambda self, activity, up_to, stored: confirmation(self, activity, up_to, True)


def delivers_twice():
    Peer.is_stored = lambda self, activity: False


def ignores_priority():
    Association.should_give = lambda self, message: message is None or self.since_asked >= 10


def wrong_call():
    reply = Connection.reply
    Connection.reply = lambda self, call, *rest: reply(self, call + 1, *rest)


def loses_mail():
    Association.put_back = lambda self: None


def wrong_turn():
    # Given or not, the initiator says that the Turn is its own.
    Association.turn_to_state = lambda self: peer.INITIATOR


def keeps_turn():
    # The responder keeps the Turn that it remembers (Q166594).
    adopt = Peer.adopt

    def keep(self, association, turn):
        if association.recovery == 0:
            adopt(self, association, turn)
    Peer.adopt = keep


def no_padding():
    peer.ndr_padding = lambda octets: b''


def never_recovers():
    Association.recover = lambda self: None


def no_asking():
    Association.ask = lambda self, message: None


def wrong_name():
    credentials = Peer.credentials

    def other(self):
        name, self.name = self.name, 'STRANGER'
        try:
            return credentials(self)
        finally:
            self.name = name
    Peer.credentials = other


def reuses_names():
    # A failed opening is tried again under the same name.
    number = Peer.number
    Peer.number = lambda self, of: 1 if of == 'association' else number(self, of)


def skips_octets():
    segment = Association.segment
    Association.segment = lambda self, offset, first: segment(self, offset if first else offset + 1, first)


if __name__ == '__main__':
    globals()[sys.argv[1].replace('-', '_')]()
    Peer().run()
