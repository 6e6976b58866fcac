/** What `headwater takeover` says: how far it is, and at the end what was taken over, what was not, and what is next. */
import { bar } from '#src/cli/bar.ts'

/** What the process prints (src/takeover). */
export interface TakeoverProgress {
  step: string
  /** Accounts. */
  done?: number
  total?: number
  detail?: string
}

interface LeftOutAndNotes {
  leftOut: { did: string; reason: string }[]
  notes: { did: string; note: string }[]
}

export interface CheckResult extends LeftOutAndNotes {
  accounts: number
  records: number
  blobs: number
  unchangedRepos: number
  newCommits: { did: string; reason: string }[]
}

export interface TakeoverResult extends LeftOutAndNotes {
  state: 'open' | 'announcing' | 'done'
  accounts: number
  taken: number
  records: number
  blobs: number
  appPasswords: number
  sessions: number
  appSessions: number
  inviteCodes: number
  reservedKeys: number
  newCommits: number
  pass?: { taken: number; unchanged: number; deleted: number }
  announced?: number
}

const steps: Record<string, string> = {
  check: 'checking',
  engine: 'starting the engine',
  lock: 'locking the reference',
  accounts: 'taking over',
  directory: 'filling the directory',
  heads: 'filling the event log',
  sessions: 'filling the sessions of apps',
  invites: 'adding the invite codes',
  keys: 'adding the reserved keys',
  announcing: 'announcing',
}

export function progressText({ step, done, total, detail }: TakeoverProgress): string {
  const name = steps[step] ?? step
  if (done === undefined || total === undefined) return name
  const counted = `${done} of ${total} accounts`
  return `${bar(done, total)} ${[`${name}, ${counted}`, detail].filter(Boolean).join(', ')}`
}

export interface Report {
  /** One for each account with something to know. */
  lines: string[]
  /** By what they are called in the report. */
  totals: object
}

export function checkReport(result: CheckResult): Report {
  const { accounts, records, blobs, unchangedRepos, newCommits, leftOut, notes } = result
  return {
    lines: [
      ...leftOutLines(leftOut),
      ...newCommits.map(({ did, reason }) => `${did}  gets a new commit: ${reason}`),
      ...noteLines(notes),
    ],
    totals: {
      ...{ accounts, records, blobs, 'repos that keep their commit': unchangedRepos },
      'repos that get a new one': newCommits.length,
      'accounts that cannot be taken over': leftOut.length,
      notes: notes.length,
    },
  }
}

export function takeoverReport(result: TakeoverResult): Report {
  const { accounts, taken, pass, records, blobs, leftOut, notes, announced } = result
  const inPass =
    pass === undefined
      ? ''
      : ` (${pass.taken} now, ${pass.unchanged} unchanged since, ${pass.deleted} deleted since)`
  return {
    lines: [...leftOutLines(leftOut), ...noteLines(notes)],
    totals: {
      'accounts taken over': `${taken} of ${accounts}${inPass}`,
      ...{ records, blobs: `${blobs}, which stay where they are` },
      'app passwords': result.appPasswords,
      sessions: `${result.sessions}, and ${result.appSessions} of apps`,
      'invite codes': result.inviteCodes,
      'reserved keys': result.reservedKeys,
      'repos with a new commit': result.newCommits,
      'accounts left out': leftOut.length,
      notes: notes.length,
      'accounts announced to relays': announced,
    },
  }
}

/** After a check, if there is no result of a takeover. */
export function nextStep(result?: TakeoverResult): string {
  if (result === undefined) return 'headwater takeover FOLDER, while the reference runs'
  return result.state === 'open'
    ? 'repeat it, or stop the reference and run it with --finish'
    : 'start the server under the same host name, then run headwater doctor and headwater relays'
}

function leftOutLines(accounts: LeftOutAndNotes['leftOut']): string[] {
  return accounts.map(({ did, reason }) => `${did}  cannot be taken over: ${reason}`)
}

function noteLines(notes: LeftOutAndNotes['notes']): string[] {
  return notes.map(({ did, note }) => `${did}  ${note}`)
}
