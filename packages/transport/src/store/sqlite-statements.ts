/** The SQL of the database's daily work, prepared once for each connection. */
import type Database from 'better-sqlite3';

export type Statements = Readonly<
  Record<
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'putMessage'
    | 'deleteMessage'
    | 'head'
    | 'heads'
    | 'headWithOctets'
    | 'rows'
    | 'inlineOctets'
    | 'putPiece'
    | 'pieceAt'
    | 'deletePieces'
    | 'putGone'
    | 'deleteGone'
    | 'putSubmission'
    | 'mtsIdOf'
    | 'deleteSubmissionsBelow'
    | 'putSender'
    | 'sumSender'
    | 'senderOf'
    | 'putReceived'
    | 'deleteReceived'
    | 'deleteReceivedBelow'
    | 'putLedger'
    | 'inLedger'
    | 'ledger',
    Database.Statement
  >
>;

const columns = 'content, size AS sizeBytes, sum, row_sum AS rowSum, envelope, copies';
const head = `SELECT ${columns}, octets IS NOT NULL AS inline FROM message`;
const headWithOctets = `SELECT ${columns}, octets IS NOT NULL AS inline, CASE WHEN size <= ? THEN octets END AS octets FROM message`;
const row = `SELECT ${columns}, octets FROM message`;

export function statementsOf(db: Database.Database): Statements {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    putMessage: db.prepare(
      'INSERT INTO message (content, size, sum, row_sum, envelope, copies, octets) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    deleteMessage: db.prepare('DELETE FROM message WHERE content = ?'),
    head: db.prepare(`${head} WHERE content = ?`),
    heads: db.prepare(`${head} ORDER BY content`),
    headWithOctets: db.prepare(`${headWithOctets} WHERE content = ?`),
    rows: db.prepare(`${row} ORDER BY content`),
    inlineOctets: db.prepare('SELECT sum, octets FROM message WHERE content = ?'),
    putPiece: db.prepare('INSERT INTO piece (content, offset, sum, octets) VALUES (?, ?, ?, ?)'),
    pieceAt: db.prepare('SELECT offset, sum, octets FROM piece WHERE content = ? AND offset <= ? ORDER BY offset DESC LIMIT 1'),
    deletePieces: db.prepare('DELETE FROM piece WHERE content = ? AND offset >= ?'),
    putGone: db.prepare('INSERT INTO gone (copy, content, row_sum) VALUES (?, ?, ?)'),
    deleteGone: db.prepare('DELETE FROM gone WHERE copy = ?'),
    putSubmission: db.prepare('INSERT INTO submission (seq, id, mtsid, row_sum) VALUES (?, ?, ?, ?)'),
    mtsIdOf: db.prepare('SELECT mtsid FROM submission WHERE seq = ?').pluck(),
    deleteSubmissionsBelow: db.prepare('DELETE FROM submission WHERE seq < ?'),
    putSender: db.prepare('INSERT INTO sender (uuid) VALUES (?) ON CONFLICT DO NOTHING'),
    sumSender: db.prepare('UPDATE sender SET row_sum = ? WHERE id = ?'),
    senderOf: db.prepare('SELECT id FROM sender WHERE uuid = ?').pluck(),
    putReceived: db.prepare('INSERT OR IGNORE INTO received (sender, activity, row_sum) VALUES (?, ?, ?)'),
    deleteReceived: db.prepare('DELETE FROM received WHERE sender = ? AND activity = ?'),
    deleteReceivedBelow: db.prepare('DELETE FROM received WHERE sender = ? AND activity < ?'),
    putLedger: db.prepare(
      'INSERT OR IGNORE INTO ledger (copy, mtsid, mailbox, size, submitted, sha256, row_sum) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    inLedger: db.prepare('SELECT 1 FROM ledger WHERE copy = ?').pluck(),
    ledger: db.prepare(
      'SELECT line AS "row", copy, mtsid AS mtsId, mailbox, size AS sizeBytes, submitted AS submittedAtMs, sha256 ' +
        'FROM ledger WHERE line > ? ORDER BY line LIMIT ?',
    ),
  };
}
