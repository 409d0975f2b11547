/*
 * A second formulation of the Turn of one association between two MTAs; a test checks it against the core. It covers the opening
 * by A, mail both ways, losses and recoveries. It is one process of atomic guarded commands.
 *
 * -DMAIL_A=n -DMAIL_B=n -DLOSSES=n: the bounds. -DLEGACY: the responder keeps the Turn it remembers, and a Turn-Please at a side
 * without the Turn is ignored (Q166594).
 *
 * Side 0 is A, the initiator; side 1 is B. An attempt (the opening, or a recovery) has the number of its recovery and up to four
 * connections: F, A's first, for MtaBind; K, B's way back; P, on which A's APDUs travel; Q, on which B's do. Connection x is
 * 4 * attempt + (0 F, 1 K, 2 P, 3 Q). A queue is a number of hexadecimal digits, the next to arrive the lowest.
 *
 * The flag `out` ends a path that the model omits: beyond the life of this association (a failed first opening, its end, a
 * further association), or without a possible data connection.
 */
#define CONNECTIONS (4 * (LOSSES + 1))

#define NONE 0
#define CALLING 1
#define OPEN 2
#define LOST 3

#define HELD 0
#define ASKED_OF 1
#define GIVEN 2
#define THEIRS 3
#define ASKING 4

#define BIND_I 1
#define BIND_R 2
#define RTOAC 3
#define RTORJ 4
#define BIND_BACK 5
#define BACK_YES 6
#define BACK_NO 7
#define PLEASE 8
#define NOTED 9
#define GIVE 10
#define GIVE_ACK 11
#define RTTR 12
#define CONFIRM 13
#define END 15

/* The two sides. */
byte state[2], recovery[2], turn[2], transfer[2], waiting[2], data[2], mail[2];
/* B, in a recovery: the digit of the RTORQ, which states who holds the Turn. A: a call that has overtaken the RTOAC. */
byte stated, held;
/* The connections. Phase: 0 none, 1 up, 2 lost. Client's end up? Server's end: 0 down, 1 nobody's, 2 the association's. */
byte phase[CONNECTIONS], client[CONNECTIONS], server[CONNECTIONS];
int toServer[CONNECTIONS], toClient[CONNECTIONS];
byte losses = LOSSES;
byte out;

/* Chosen for a step: the connection, and whether the dial in it is refused. */
byte x, refuses;
/* Within one step; 0 between steps. */
byte dialled, item, i, any;

c_code {
  static char before[1024], now_is[1024];
  static char *items(char *p, int q) {
    for (; q != 0; q >>= 4) *p++ = "-IRaryYNPnGgTcE#"[q & 15];
    return p;
  }
  static int strange(int x) {
    int first = now.toServer[x] & 15;
    return !now.client[x] && now.server[x] == 1 && x % 4 < 2 && first != 1 && first != 2 && first != 5;
  }
  static void tuple(char *p) {
    int s, x, kind;
    for (s = 0; s < 2; s++) {
      *p++ = "ncol"[now.state[s]];
      *p++ = '0' + now.recovery[s];
      *p++ = "hagtk"[now.turn[s]];
      *p++ = '0' + now.transfer[s];
      *p++ = '0' + now.waiting[s];
      *p++ = '0' + now.data[s];
      *p++ = '0' + now.mail[s];
      *p++ = ' ';
    }
    *p++ = "-IR"[now.stated];
    p = items(p, now.held);
    *p++ = '0' + now.losses;
    for (x = 0; x < 4 * (LOSSES + 1); x++) {
      if (!now.phase[x] || strange(x)) continue;
      *p++ = ' ';
      *p++ = '0' + x / 4;
      *p++ = "FKPQ"[x % 4];
      *p++ = now.phase[x] == 1 ? 'u' : 'l';
      *p++ = '0' + now.client[x];
      *p++ = '0' + now.server[x];
      *p++ = '>';
      p = items(p, now.toServer[x]);
      *p++ = '<';
      p = items(p, now.toClient[x]);
    }
    for (kind = 0; kind < 2; kind++)
      for (x = kind; x < 4 * (LOSSES + 1); x += 4)
        if (now.phase[x] && strange(x) && now.toServer[x]) { *p++ = ' '; *p++ = 'x'; *p++ = "FK"[kind]; }
    *p = 0;
  }
};

inline push(queue, it) {
  if
  :: queue == 0 -> queue = it
  :: queue > 0 && queue < 16 -> queue = queue + (it << 4)
  :: queue >= 16 && queue < 256 -> queue = queue + (it << 8)
  :: else -> assert(queue < 4096); queue = queue + (it << 12)
  fi
}

inline pop(queue) { item = queue & 15; queue = queue >> 4 }

inline call(x, it) {
  if :: phase[x] == 1 && server[x] > 0 -> push(toServer[x], it) :: else fi
}

inline answer(x, it) {
  if :: phase[x] == 1 && client[x] -> push(toClient[x], it) :: else fi
}

inline closeClient(x) {
  if
  :: client[x] -> client[x] = 0; toClient[x] = 0;
    if
    :: server[x] == 0 -> phase[x] = 0; toServer[x] = 0
    :: server[x] > 0 && phase[x] == 1 -> push(toServer[x], END)
    :: else
    fi
  :: else
  fi
}

inline closeServer(x) {
  if
  :: server[x] > 0 -> server[x] = 0; toServer[x] = 0;
    if
    :: client[x] == 0 -> phase[x] = 0; toClient[x] = 0
    :: client[x] && phase[x] == 1 -> push(toClient[x], END)
    :: else
    fi
  :: else
  fi
}

inline dropA() {
  closeClient(4 * recovery[0]);
  closeClient(4 * recovery[0] + 2);
  if :: server[4 * recovery[0] + 1] == 2 -> closeServer(4 * recovery[0] + 1) :: else fi;
  closeServer(4 * recovery[0] + 3);
  held = 0;
  data[0] = 0
}

inline dropB() {
  closeServer(4 * recovery[1]);
  closeServer(4 * recovery[1] + 2);
  closeClient(4 * recovery[1] + 1);
  closeClient(4 * recovery[1] + 3);
  data[1] = 0
}

/* A loss voids every Please; a give that was sent counts as given; the mail goes back to its queue. */
inline forgetPlease(s) {
  if :: transfer[s] -> transfer[s] = 0; waiting[s]++ :: else fi;
  if :: turn[s] <= ASKED_OF -> turn[s] = HELD :: else -> turn[s] = THEIRS fi
}

inline dial(x) { phase[x] = 1; client[x] = 1; server[x] = 1 }

/* A dial that this step refuses: a loss. */
inline refuseDial() { dialled = 1; losses-- }

inline recoverA() {
  assert(recovery[0] < LOSSES);
  recovery[0]++;
  if
  :: refuses -> refuseDial(); state[0] = LOST
  :: else -> dial(4 * recovery[0]); state[0] = CALLING;
    if :: turn[0] == HELD -> call(4 * recovery[0], BIND_I) :: else -> call(4 * recovery[0], BIND_R) fi
  fi
}

inline attemptFailedA() {
  if :: recovery[0] == 0 -> out = 1 :: else -> dropA(); state[0] = LOST fi
}

inline attemptFailedB() {
  if :: recovery[1] == 0 -> out = 1 :: else -> dropB(); state[1] = LOST; stated = 0 fi
}

inline wayBackFailedB() { answer(4 * recovery[1], RTORJ); attemptFailedB() }

inline loseA() { dropA(); forgetPlease(0); recoverA() }
inline loseB() { dropB(); forgetPlease(1); state[1] = LOST }

/* The data connection of side s, opened with the first APDU in the group of its first one. */
inline withData(s) {
  if
  :: data[s] -> skip
  :: else ->
    if
    :: refuses -> dialled = 1; out = 1
    :: !refuses && server[4 * recovery[s] + s] > 0 -> dial(4 * recovery[s] + 2 + s); data[s] = 1
    :: else -> out = 1
    fi
  fi
}

inline send(s, it) { call(4 * recovery[s] + 2 + s, it) }

/* What side s can do with the Turn, or for it. */
inline proceed(s) {
  if
  :: state[s] == OPEN && !transfer[s] && turn[s] == ASKED_OF && waiting[s] == 0 -> withData(s); send(s, GIVE); turn[s] = GIVEN
  :: state[s] == OPEN && !transfer[s] && turn[s] <= ASKED_OF && waiting[s] > 0 ->
    withData(s); send(s, RTTR); waiting[s]--; transfer[s] = 1
  :: state[s] == OPEN && !transfer[s] && turn[s] == THEIRS && waiting[s] > 0 -> withData(s); send(s, PLEASE); turn[s] = ASKING
  :: else
  fi
}

/* A call on connection x is executed at side s. */
inline execute(s, x, it) {
  if
  :: it == PLEASE ->
    if
    :: turn[s] == HELD -> turn[s] = ASKED_OF; answer(x, NOTED)
    :: else ->
#ifdef LEGACY
      assert(turn[s] != ASKED_OF);
      answer(x, NOTED)
#else
      assert(false)
#endif
    fi
  :: it == GIVE -> assert(turn[s] == ASKING); turn[s] = HELD; answer(x, GIVE_ACK)
  :: else -> assert(it == RTTR && turn[s] >= GIVEN); answer(x, CONFIRM)
  fi;
  proceed(s)
}

/* This side has lost a connection of the association. */
inline goneForA() {
  if :: state[0] == OPEN -> loseA() :: state[0] == CALLING -> attemptFailedA() :: else fi
}

inline goneForB(x) {
  if
  :: state[1] == OPEN -> loseB()
  :: state[1] == CALLING && x % 4 == 0 -> attemptFailedB()
  :: state[1] == CALLING && x % 4 != 0 -> wayBackFailedB()
  :: else
  fi
}

inline noticeServer(x) {
  any = server[x];
  server[x] = 0;
  toServer[x] = 0;
  if :: !client[x] -> phase[x] = 0; toClient[x] = 0 :: else fi;
  if
  :: any == 2 && x % 2 == 0 -> goneForB(x)
  :: any == 2 && x % 2 == 1 -> goneForA()
  :: else
  fi
}

inline noticeClient(x) {
  client[x] = 0;
  toClient[x] = 0;
  if :: server[x] == 0 -> phase[x] = 0; toServer[x] = 0 :: else fi;
  if :: x % 2 == 0 -> goneForA() :: else -> goneForB(x) fi
}

/* MtaBind at B. */
inline bound(x) {
  if
  :: x > 0 && state[1] == NONE -> out = 1
  :: x > 0 && state[1] != NONE && x / 4 <= recovery[1] -> answer(x, RTORJ)
  :: else ->
    if
    :: state[1] == NONE -> turn[1] = THEIRS
    :: state[1] == OPEN -> loseB()
    :: else -> dropB()
    fi;
    state[1] = CALLING;
    recovery[1] = x / 4;
    if :: x > 0 -> stated = item :: else fi;
    server[x] = 2;
    if
    :: refuses -> refuseDial(); wayBackFailedB()
    :: else -> dial(x + 1); call(x + 1, BIND_BACK)
    fi
  fi
}

inline boundBack(x) {
  if
  :: state[0] == CALLING && recovery[0] == x / 4 && server[x] == 1 -> server[x] = 2; answer(x, BACK_YES)
  :: else -> answer(x, BACK_NO)
  fi
}

inline agreedB(x) {
  state[1] = OPEN;
#ifndef LEGACY
  if :: stated == BIND_I -> turn[1] = THEIRS :: stated == BIND_R -> turn[1] = HELD :: else fi;
#endif
  stated = 0;
  answer(x - 1, RTOAC);
  proceed(1)
}

inline agreedA(x) {
  assert(server[x + 1] == 2);
  state[0] = OPEN;
  if
  :: held != 0 -> item = held; held = 0; execute(0, x + 3, item)
  :: else -> proceed(0)
  fi
}

inline atServer(x) {
  pop(toServer[x]);
  if
  :: item == END -> noticeServer(x)
  :: item == BIND_I || item == BIND_R -> bound(x)
  :: item == BIND_BACK -> boundBack(x)
  :: item >= PLEASE && item < END -> server[x] = 2;
    if
    :: x % 4 == 2 -> assert(state[1] == OPEN); execute(1, x, item)
    :: x % 4 == 3 && state[0] == OPEN -> execute(0, x, item)
    :: else -> assert(state[0] == CALLING && held == 0); held = item
    fi
  fi
}

inline atClient(x) {
  pop(toClient[x]);
  if
  :: item == END -> noticeClient(x)
  :: item == RTOAC -> agreedA(x)
  :: item == RTORJ -> attemptFailedA()
  :: item == BACK_YES -> agreedB(x)
  :: item == BACK_NO -> wayBackFailedB()
  :: item == NOTED -> skip
  :: item == GIVE_ACK -> assert(turn[x % 2] == GIVEN); turn[x % 2] = THEIRS;
    if :: x % 2 == 0 -> proceed(0) :: else -> proceed(1) fi
  :: item == CONFIRM -> transfer[x % 2] = 0;
    if :: x % 2 == 0 -> proceed(0) :: else -> proceed(1) fi
  fi
}

inline submitA() {
  mail[0]--;
  waiting[0]++;
  if
  :: state[0] == NONE ->
    if :: refuses -> dialled = 1; out = 1 :: else -> state[0] = CALLING; turn[0] = HELD; dial(0); call(0, BIND_I) fi
  :: else -> proceed(0)
  fi
}

/* B does not know the association yet and opens its own. If that fails, B's mail waits for the Open Interval or for A's association. */
inline submitB() {
  mail[1]--;
  if
  :: state[1] != NONE -> waiting[1]++; proceed(1)
  :: state[1] == NONE && waiting[1] > 0 -> waiting[1]++
  :: state[1] == NONE && waiting[1] == 0 && refuses -> refuseDial(); waiting[1]++
  :: else -> out = 1
  fi
}

#define CAN_BE_LOST(x) (phase[x] == 1 && ((client[x] && server[x] > 0) || (client[x] && FIRST(toClient[x])) || (!client[x] && FIRST(toServer[x]))))
#define FIRST(queue) ((queue & 15) != 0 && (queue & 15) != END)

inline withoutEnd(queue) {
  if
  :: queue == END -> queue = 0
  :: queue > 15 && (queue >> 4) == END -> queue = queue & 15
  :: queue > 255 && (queue >> 8) == END -> queue = queue & 255
  :: queue > 4095 && (queue >> 12) == END -> queue = queue & 4095
  :: else
  fi
}

inline loseAll() {
  losses--;
  i = 0;
  do
  :: i < CONNECTIONS ->
    if :: CAN_BE_LOST(i) -> phase[i] = 2; withoutEnd(toServer[i]); withoutEnd(toClient[i]) :: else fi;
    i++
  :: else -> break
  od
}

#define BEGIN c_code { tuple(before); }
#define FINISH \
  if :: refuses && !dialled -> out = 1 :: else fi; \
  if :: state[0] != NONE && state[1] == NONE && !(server[0] && FIRST(toServer[0])) -> out = 1 :: else fi; \
  x = 0; refuses = 0; dialled = 0; item = 0; any = 0; \
  c_code { tuple(now_is); if (!now.out && strcmp(before, now_is)) printf("EDGE %s|%s\n", before, now_is); }; \
  judge()

/* Is anything under way, or any loss not noticed? */
inline look() {
  any = 0;
  i = 0;
  do
  :: i < CONNECTIONS ->
    if :: toServer[i] != 0 || toClient[i] != 0 -> any = 1 :: else fi;
    if :: phase[i] == 2 && any == 0 -> any = 2 :: else fi;
    i++
  :: else -> break
  od;
  i = 0
}

inline judge() {
  assert(out || !(state[0] == OPEN && state[1] == OPEN && recovery[0] == recovery[1] && turn[0] <= ASKED_OF && turn[1] <= ASKED_OF));
  look();
  /* When nothing more happens by itself, one side holds the Turn on an open association, and no mail waits. */
  assert(out || any != 0 || state[0] == LOST || (state[0] == OPEN && state[1] == OPEN
    && (turn[0] <= ASKED_OF || turn[1] <= ASKED_OF) && waiting[0] + waiting[1] + transfer[0] + transfer[1] == 0));
  any = 0
}

/* One step at the chosen connection; with the dial in it refused, too. */
#define AT(body) \
  if :: refuses = 0 :: losses > 0 -> refuses = 1 fi; \
  d_step { BEGIN; body; FINISH }

#define TO_SERVER(n) :: !out && server[n] > 0 && toServer[n] != 0 -> x = n
#define TO_CLIENT(n) :: !out && client[n] && toClient[n] != 0 -> x = n
#define SERVER_LOST(n) :: !out && server[n] > 0 && phase[n] == 2 -> x = n
#define CLIENT_LOST(n) :: !out && client[n] && phase[n] == 2 -> x = n

#define FOUR(what, n) what(n) what(n + 1) what(n + 2) what(n + 3)
#define IDLE(n) && toServer[n] == 0 && toClient[n] == 0
#define LOSABLE(n) || CAN_BE_LOST((n))
#if LOSSES == 0
#define EACH(what) FOUR(what, 0)
#elif LOSSES == 1
#define EACH(what) FOUR(what, 0) FOUR(what, 4)
#else
#define EACH(what) FOUR(what, 0) FOUR(what, 4) FOUR(what, 8)
#endif

active proctype two() {
  d_step { mail[0] = MAIL_A; mail[1] = MAIL_B };
end:
  do
  :: atomic { !out && mail[0] > 0; AT(submitA()) }
  :: atomic { !out && mail[1] > 0 && state[0] != NONE; AT(submitB()) }
  :: atomic { !out && state[0] == LOST EACH(IDLE); AT(recoverA()) }
  :: d_step { !out && losses > 0 && (false EACH(LOSABLE)) -> BEGIN; loseAll(); FINISH }
  :: atomic { if EACH(TO_SERVER) fi; AT(atServer(x)) }
  :: atomic { if EACH(TO_CLIENT) fi; AT(atClient(x)) }
  :: atomic { if EACH(SERVER_LOST) fi; AT(noticeServer(x)) }
  :: atomic { if EACH(CLIENT_LOST) fi; AT(noticeClient(x)) }
  od
}
