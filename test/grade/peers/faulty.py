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


def swallows_mail():
    # It confirms what it never delivers.
    say = Peer.say
    Peer.say = lambda self, what: None if 'delivered' in what else say(self, what)


def gives_unasked():
    work = Association.work

    def give_when_done(self):
        work(self)
        if self.state == 'open' and self.holds and self.sending is None and self.asked is None and not self.giving:
            self.give()
    Association.work = give_when_done


def gives_within_transfer():
    take = Association.take

    def give_at_once(self, connection, call, fields):
        take(self, connection, call, fields)
        if fields.get(peer.RTTP) and self.sending is not None and self.holds:
            self.give()
    Association.take = give_at_once


def asks_as_holder():
    transfer = Association.transfer

    def ask_first(self, message):
        self.ask(message)
        transfer(self, message)
    Association.transfer = ask_first


def asks_twice():
    ask = Association.ask

    def twice(self, message):
        ask(self, message)
        ask(self, message)
    Association.ask = twice


def two_at_once():
    transfer = Association.transfer

    def both(self, message):
        transfer(self, message)
        other = self.peer.next_message()
        if other is not None:
            self.sending = other
            self.segment(0, True)
            self.sending = message
    Association.transfer = both


def refuses_openings():
    def refuse(self, connection, call, fields):
        connection.reply(call, peer.field(1, self.credentials()) + peer.field(3, peer.field(1, peer.CANNOT_RECOVER)))
    Peer.called_to_open = refuse


def ignores_openings():
    Peer.called_to_open = lambda self, connection, call, fields: None


def accepts_before_binding_back():
    called = Peer.called_to_open

    def accept_first(self, connection, call, fields):
        connection.reply(call, peer.field(1, self.credentials()) + peer.field(2, peer.field(1, 1) + peer.field(2, 3)))
        called(self, connection, call, fields)
    Peer.called_to_open = accept_first


def same_recovery_number():
    def recover(self):
        if self.state == 'lost' and self.peer.associations.get(self.name) is self:
            self.recovery = 1
            self.open()
    Association.recover = recover


def recovers_as_responder():
    lose = Association.lose

    def recover_too(self):
        lose(self)
        if not self.initiator and self.opened_once:
            self.recover()
    Association.lose = recover_too


def aborts():
    # It ends the association instead of answering a Turn-Please.
    take = Association.take

    def abort(self, connection, call, fields):
        if fields.get(peer.RTTP) and self.state == 'open':
            self.send(peer.field(peer.RTAB, peer.field(1, 1)), lambda _: None)
        else:
            take(self, connection, call, fields)
    Association.take = abort


if __name__ == '__main__':
    globals()[sys.argv[1].replace('-', '_')]()
    Peer().run()
