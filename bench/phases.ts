/** The phases of requests and answers; each runs once per server and round. */
import { type Measurement, measure, timeMeasurement } from './measure.ts'
import {
  assertAnswer,
  createAccount,
  createPost,
  createPosts,
  newRkeys,
  posts,
  type ServerUnderTest,
} from './server-under-test.ts'

export interface Phase {
  name: string
  run(subject: ServerUnderTest, ms: number): Promise<Measurement[]>
}

type Operation = (subject: ServerUnderTest, n: number) => Promise<unknown>

function rate(
  name: string,
  unit: string,
  inFlight: number,
  operation: Operation,
  most?: number,
): Phase {
  const load = most === undefined ? { inFlight } : { inFlight, most }
  return {
    name,
    run: async (subject, ms) => [
      await measure(name, unit, { ...load, ms }, (n) => operation(subject, n)),
    ],
  }
}

const writeToOne: Operation = ({ client, writers }, n) => createPost(client, writers[0]!, n)

const readRecord: Operation = async ({ client, readAccount, rkeys }, n) => {
  const rkey = rkeys[(n * 7919) % rkeys.length]!
  const params = { repo: readAccount.did, collection: posts, rkey }
  const { uri } = await client.query<{ uri: string }>('com.atproto.repo.getRecord', params)
  assertAnswer(uri.endsWith(rkey), 'getRecord')
}

const listRecords: Operation = async ({ client, readAccount }) => {
  const params = { repo: readAccount.did, collection: posts, limit: 100 }
  const page = await client.query<{ records: unknown[] }>('com.atproto.repo.listRecords', params)
  assertAnswer(page.records.length === 100, 'listRecords')
}

const describeRepo: Operation = async ({ client, readAccount }) => {
  const params = { repo: readAccount.did }
  const repo = await client.query<{ collections: string[] }>(
    'com.atproto.repo.describeRepo',
    params,
  )
  assertAnswer(repo.collections.includes(posts), 'describeRepo')
}

const getLatestCommit: Operation = async ({ client, readAccount }) => {
  const params = { did: readAccount.did }
  const head = await client.query<{ rev: string }>('com.atproto.sync.getLatestCommit', params)
  assertAnswer(head.rev, 'getLatestCommit')
}

const getRepo: Phase = {
  name: 'getRepo',
  run: async ({ client, readAccount, rkeys }, ms) => {
    const what = `getRepo of ${rkeys.length} records`
    const firstBytes: number[] = []
    const figure = await measure(what, 'MB/s', { inFlight: 1, ms, maxOperations: 60 }, async () => {
      const car = await client.download('com.atproto.sync.getRepo', { did: readAccount.did })
      assertAnswer(car.bytes > rkeys.length * 200, 'getRepo')
      firstBytes.push(car.firstByte)
      return car.bytes / 1e6
    })
    return [figure, timeMeasurement(`${what}, first byte`, firstBytes)]
  },
}

/** Each call with the token of the answer before it. */
const refreshSession: Phase = {
  name: 'refreshSession',
  run: async ({ client, writers }, ms) => {
    const { handle: identifier, password } = writers[0]!
    const login = { identifier, password }
    let { refreshJwt } = await client.procedure<{ refreshJwt: string }>(
      'com.atproto.server.createSession',
      login,
    )
    const name = 'refreshSession c1'
    const figure = await measure(name, '/s', { inFlight: 1, ms }, async () => {
      const before = refreshJwt
      const headers = { authorization: `Bearer ${refreshJwt}` }
      const nsid = 'com.atproto.server.refreshSession'
      refreshJwt = (await client.procedure<{ refreshJwt: string }>(nsid, undefined, headers))
        .refreshJwt
      assertAnswer(refreshJwt !== before, 'refreshSession')
    })
    return [figure]
  },
}

export const phases: Phase[] = [
  rate('createAccount c1', '/s', 1, ({ client }) => createAccount(client), 60),
  rate('createAccount c8', '/s', 8, ({ client }) => createAccount(client), 120),
  rate('createRecord c1', '/s', 1, writeToOne),
  rate('createRecord c8', '/s', 8, writeToOne),
  rate('createRecord, many accounts, c16', '/s', 16, ({ client, writers }, n) =>
    createPost(client, writers[n % writers.length]!, n),
  ),
  rate('applyWrites of 50', 'records/s', 1, async ({ client, writers }) => {
    await createPosts(client, writers[1]!, newRkeys(50))
    return 50
  }),
  rate('getRecord c16', '/s', 16, readRecord),
  rate('listRecords of 100 c16', '/s', 16, listRecords),
  rate('describeRepo c16', '/s', 16, describeRepo),
  rate('getLatestCommit c16', '/s', 16, getLatestCommit),
  getRepo,
  refreshSession,
]

/** createRecord on an empty repo, and on one with `records` records. */
export function repoGrowth(records: number): Phase {
  return {
    name: 'growth',
    run: async ({ client }, ms) => {
      const session = await createAccount(client)
      const at = async (size: number) => {
        const load = { inFlight: 1, ms, most: 300 }
        const what = `createRecord at ${size} records`
        const { p50 = Number.NaN, ...figure } = await measure(what, 'ms', load, (n) =>
          createPost(client, session, n),
        )
        return { ...figure, value: p50, better: 'less' as const }
      }
      const empty = await at(0)
      await createPosts(client, session, newRkeys(records))
      return [empty, await at(records)]
    },
  }
}
