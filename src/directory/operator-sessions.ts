/** Sessions of the admin password that were ended by signing out. Nothing is stored about the others, which expire. */
import type { Directory } from '#src/directory/open-directory.ts'
import { getSetting } from '#src/directory/settings.ts'

const NAME = 'ended operator sessions'
/** If more are signed out before they expire, all sessions that have begun by then end. */
export const MAX_ENDED_SESSIONS = 500

export interface OperatorSession {
  /** Of its token. */
  hash: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

interface Ended {
  sessions: OperatorSession[]
  /** Sessions that expire by then have ended, too. */
  all: number
}

/** Idempotent. */
export async function endOperatorSession(
  directory: Directory,
  { hash, expiresAt }: OperatorSession,
): Promise<void> {
  await directory.lane.write([NAME], async (now) => {
    const ended = await readEnded(directory)
    const sessions = ended.sessions.filter((one) => one.expiresAt > now && one.hash !== hash)
    sessions.push({ hash, expiresAt })
    const next: Ended =
      sessions.length > MAX_ENDED_SESSIONS
        ? { sessions: [], all: Math.max(...sessions.map((one) => one.expiresAt)) }
        : { sessions, all: ended.all }
    const sql = 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)'
    return { answer: undefined, statements: [{ sql, params: [NAME, JSON.stringify(next)] }] }
  })
}

export async function hasOperatorSessionEnded(
  directory: Directory,
  { hash, expiresAt }: OperatorSession,
): Promise<boolean> {
  const { sessions, all } = await readEnded(directory)
  return expiresAt <= all || sessions.some((one) => one.hash === hash)
}

async function readEnded(directory: Directory): Promise<Ended> {
  const text = await getSetting(directory, { name: NAME })
  return text === null ? { sessions: [], all: 0 } : (JSON.parse(text) as Ended)
}
