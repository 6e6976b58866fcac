/** Invitations to move here, as the commands `headwater drain …` use them. */
import { readPages } from '#src/cli/read-pages.ts'
import { retryDelay } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

export const ADMIN = 'dev.headwater.admin'

export interface MoveInvite {
  did: string
  handle: string
  server: string
  email?: string
  state: 'invited' | 'copying' | 'waiting' | 'switching' | 'failed' | 'done'
  reason?: string
  progress?: {
    repoBytes?: number
    records?: number
    recordsTotal?: number
    blobs?: number
    blobsTotal?: number
    missing?: number
  }
  url: string
  mailedAt?: string
}

const MINUTE_MS = 60_000

/** Those of `names`, which are DIDs or handles at the old server; all if it is empty. Throws if one is not invited. */
export async function findInvites(
  server: Pick<ServerClient, 'get'>,
  from: string,
  { names = [], state }: { names?: readonly string[]; state?: 'invited' } = {},
): Promise<MoveInvite[]> {
  const params = { server: from, ...(state !== undefined && { state }) }
  const all = await readPages<MoveInvite>(server, `${ADMIN}.listMoveInvites`, 'invites', { params })
  if (names.length === 0) return all
  return names.map((name) => {
    const wanted = name.replace(/^@/, '')
    const found = all.find(({ did, handle }) => did === wanted || handle === wanted.toLowerCase())
    if (found === undefined) throw new Error(`not invited: ${name}`)
    return found
  })
}

export interface MailJob {
  server: Pick<ServerClient, 'post'>
  perMinute: number
  language: string
  pause(ms: number): Promise<unknown>
  onMail(sent: number): void
}

/** At most `perMinute` in a minute. Returns, by DID, why some could not be sent. */
export async function mailInvites(
  job: MailJob,
  invites: readonly { did: string }[],
): Promise<Map<string, string>> {
  const problems = new Map<string, string>()
  let sent = 0
  for (const { did } of invites) {
    if (sent > 0) await job.pause(MINUTE_MS / job.perMinute)
    const problem = await mailOne(job, did)
    if (problem === undefined) job.onMail(++sent)
    else problems.set(did, problem)
  }
  return problems
}

async function mailOne({ server, language, pause }: MailJob, did: string) {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.post(`${ADMIN}.sendMoveInvite`, { did, language })
      return undefined
    } catch (error) {
      const delay = retryDelay(error, attempt)
      if (delay === undefined) return (error as Error).message
      await pause(delay)
    }
  }
}
