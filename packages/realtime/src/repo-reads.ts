/** Reads records together with the rev of the repo, so that events which they contain already can be left out. */
import { RealtimeFailure } from './errors.ts'
import { call, type Session } from './session.ts'

export interface ReadRecord<Value = Record<string, unknown>> {
  uri: string
  cid: string
  value: Value
}

export interface Read<State> {
  state: State
  /** Events up to this rev are in `state`. It may have later ones too: those are applied again, in order. */
  rev: string
}

/** Undefined if there is no such record. Throws as `call`. */
export async function readRecord<Value>(
  session: Session,
  { did, collection, rkey }: { did: string; collection: string; rkey: string },
  signal: AbortSignal,
): Promise<Read<ReadRecord<Value> | undefined>> {
  const query = new URLSearchParams({ repo: did, collection, rkey })
  return withRev(session, did, signal, async () => {
    try {
      const response = await get(session, 'com.atproto.repo.getRecord', query, signal)
      return { response, state: (await response.json()) as ReadRecord<Value> }
    } catch (error) {
      if (!(error instanceof RealtimeFailure) || error.error !== 'RecordNotFound') throw error
      return { response: undefined, state: undefined }
    }
  })
}

/** At most `limit` records, those with the highest record keys. Throws as `call`. */
export async function readCollection<Value>(
  session: Session,
  { did, collection, limit }: { did: string; collection: string; limit: number },
  signal: AbortSignal,
): Promise<Read<ReadRecord<Value>[]>> {
  return withRev(session, did, signal, async () => {
    const state: ReadRecord<Value>[] = []
    let first: Response | undefined
    for (let cursor = ''; state.length < limit; ) {
      const pageSize = String(Math.min(100, limit - state.length))
      const query = new URLSearchParams({ repo: did, collection, limit: pageSize })
      if (cursor !== '') query.set('cursor', cursor)
      const response = await get(session, 'com.atproto.repo.listRecords', query, signal)
      first ??= response
      const page = (await response.json()) as { records: ReadRecord<Value>[]; cursor?: string }
      state.push(...page.records)
      if (page.cursor === undefined || page.records.length === 0) break
      cursor = page.cursor
    }
    return { response: first, state }
  })
}

/** Sessions whose server does not name the rev in its answers. */
const withoutRev = new WeakSet<Session>()

/** The rev is a header of the first response, or else that of the newest commit before the read. */
async function withRev<State>(
  session: Session,
  did: string,
  signal: AbortSignal,
  read: () => Promise<{ response: Response | undefined; state: State }>,
): Promise<Read<State>> {
  if (!withoutRev.has(session)) {
    const { response, state } = await read()
    const rev = response?.headers.get('atproto-repo-rev')
    if (rev) return { state, rev }
    if (response !== undefined) withoutRev.add(session)
  }
  const query = new URLSearchParams({ did })
  const latest = await get(session, 'com.atproto.sync.getLatestCommit', query, signal)
  const { rev } = (await latest.json()) as { rev: string }
  return { state: (await read()).state, rev }
}

function get(session: Session, method: string, query: URLSearchParams, signal: AbortSignal) {
  return call(session, `/xrpc/${method}?${query}`, { signal })
}
