import { expect, it } from 'vitest'
import { checkDrill } from '#src/cli/drill-checks.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'
import { tid } from '#src/protocol/tid.ts'

const backupAt = Date.parse('2026-11-30T03:00:00Z')
const HOUR_MS = 60 * 60 * 1000
const revAt = (hours: number) => tid((backupAt + hours * HOUR_MS) * 1000, 1)

interface Repo {
  rev: string
  cid: string
  createdAt?: number
  active?: boolean
}

/** A server with these accounts. */
function server(repos: Record<string, Repo>): ServerClient {
  const all = Object.entries(repos)
  const answers: Record<string, (params: { did: string }) => unknown> = {
    'com.atproto.admin.searchAccounts': () => ({
      accounts: all.map(([did, { createdAt = backupAt - 9 * HOUR_MS }]) => ({
        did,
        indexedAt: new Date(createdAt).toISOString(),
      })),
    }),
    'com.atproto.sync.listRepos': () => ({
      repos: all.flatMap(([did, { rev, active = true }]) => (rev ? [{ did, rev, active }] : [])),
    }),
    'com.atproto.sync.getLatestCommit': ({ did }) => {
      if (repos[did]!.active === false) throw new XrpcError(400, 'RepoDeactivated', '')
      return repos[did]
    },
  }
  return {
    get: async (method: string, params: object) => answers[method]!(params as never),
  } as never
}

const unreachable = { get: () => Promise.reject(new Error('cannot be reached')) } as never
const before = { rev: revAt(-1), cid: 'a' }

async function check(restored: Record<string, Repo>, real: ServerClient, sample = 10) {
  const verify = async (_: unknown, did: string) => {
    const { rev, cid: commit } = restored[did]!
    if (commit === 'broken') throw new Error('repo is invalid')
    return { rev, commit, records: 2 }
  }
  const options = { backupAt, sample, report() {}, verify }
  return checkDrill(server(restored), real, options)
}

it('a restored server that has what the real one had then has no problems', async () => {
  const real = server({
    a: before,
    b: { rev: revAt(1), cid: 'newer' },
    c: { rev: revAt(2), cid: 'c', createdAt: backupAt + HOUR_MS },
    d: { ...before, active: false },
  })
  expect(await check({ a: before, b: before, d: before }, real)).toEqual({
    ...{ accounts: 3, verifiedRepos: 3, records: 6, isCompared: true, problems: [] },
  })
})

it('without the real server, repos are verified all the same', async () => {
  const broken = { a: before, b: { ...before, cid: 'broken' } }
  expect(await check(broken, unreachable)).toMatchObject({
    ...{ accounts: 2, isCompared: false, problems: ['b: repo is invalid'] },
  })
})

it.each([
  ['an account is missing', {}, { a: before }, 'a is missing'],
  ['an account has no repo', { a: { rev: '', cid: '' } }, { a: before }, 'a has no repo'],
  [
    'a commit of before the backup is missing',
    { a: { rev: revAt(-3), cid: 'old' } },
    { a: before },
    'a: rev',
  ],
  [
    'a commit is not that of the real server',
    { a: { ...before, cid: 'x' } },
    { a: before },
    'a: rev',
  ],
  ['a repo is ahead of the real one', { a: { rev: revAt(1), cid: 'x' } }, { a: before }, 'a: rev'],
])('it is a problem if %s', async (_, restored, real, problem) => {
  const { problems } = await check(restored as Record<string, Repo>, server(real))
  expect(problems).toEqual([expect.stringContaining(problem)])
})

it('a sample is chosen evenly', async () => {
  const dids = Array.from({ length: 100 }, (_, i) => [`d${String(i).padStart(2, '0')}`, before])
  const restored = Object.fromEntries(dids) as Record<string, Repo>
  expect(await check(restored, unreachable, 4)).toMatchObject({ accounts: 100, verifiedRepos: 4 })
})
