import { expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { checkAccessToken } from '#src/account/oauth/check-access-token.ts'
import { setAuthorizedClient, signInOnDevice } from '#src/account/oauth/devices-and-clients.ts'
import {
  createGrant,
  findGrant,
  type Grant,
  listGrants,
  removeGrant,
  rotateGrant,
} from '#src/account/oauth/grants.ts'
import { emptyAccount, provisionAccount, TestClock } from '#tests/support/empty-account.ts'

const hour = 60 * 60_000
const day = 24 * hour
const jkt = 'thumbprint'

async function withGrant() {
  const clock = new TestClock()
  const account = emptyAccount('did:plc:abcdefghijklmnopqrstuvwx', { clock })
  await provisionAccount(account)
  const grant = grantNow(clock, 'tok-1', 'ref-1')
  await createGrant(account, { ...grant, codeHash: 'code' })
  return { account, clock, grant }
}

function grantNow(clock: TestClock, id: string, refreshHash: string, scope = 'atproto'): Grant {
  const now = clock.now()
  const data = JSON.stringify({ clientId: 'an app', scope, parameters: { dpop_jkt: jkt } })
  return { id, refreshHash, data, expiresAt: now + hour, createdAt: now, updatedAt: now }
}

it('a grant is found by its token id, its refresh token and its code', async () => {
  const { account, grant } = await withGrant()
  expect(await findGrant(account, { id: 'tok-1' })).toEqual(grant)
  expect(await findGrant(account, { refreshHash: 'ref-1' })).toEqual(grant)
  expect(await findGrant(account, { codeHash: 'code' })).toEqual(grant)
  expect(await findGrant(account, { id: 'tok-2' })).toBeNull()
  expect(await listGrants(account)).toEqual([grant])
})

it('a rotated grant is found by every refresh token it ever had, and ends with any of them', async () => {
  const { account, clock, grant } = await withGrant()
  clock.time += hour
  const second = { ...grantNow(clock, 'tok-2', 'ref-2'), createdAt: grant.createdAt }
  const third = { ...grantNow(clock, 'tok-3', 'ref-3'), createdAt: grant.createdAt }
  await rotateGrant(account, { id: 'tok-1', next: second })
  await rotateGrant(account, { id: 'tok-1', next: second })
  await rotateGrant(account, { id: 'tok-2', next: third })
  for (const refreshHash of ['ref-1', 'ref-2', 'ref-3']) {
    expect(await findGrant(account, { refreshHash })).toEqual(third)
  }
  expect(await findGrant(account, { id: 'tok-1' })).toBeNull()
  expect(await findGrant(account, { codeHash: 'code' })).toEqual(third)
  await removeGrant(account, { id: 'tok-3' })
  for (const refreshHash of ['ref-1', 'ref-2', 'ref-3']) {
    expect(await findGrant(account, { refreshHash })).toBeNull()
  }
})

it('an account has 500 grants; above it those end that were least recently refreshed, with their access tokens', async () => {
  const { account, clock } = await withGrant()
  clock.time += 1000
  await createGrant(account, { ...grantNow(clock, 'tok-old', 'ref-old'), codeHash: null })
  const ask = (id: string, proof: string) =>
    checkAccessToken(account, { id, jkt, proof, attempt: 'one' })
  expect(await ask('tok-old', 'a')).toMatchObject({ scope: 'atproto' })
  for (let n = 2; n < 500; n++) {
    clock.time += 1000
    const grant = grantNow(clock, `other-${n}`, `other-ref-${n}`)
    await createGrant(account, { ...grant, codeHash: null })
  }
  // Later than the others, though its session is the oldest.
  await rotateGrant(account, { id: 'tok-1', next: grantNow(clock, 'tok-2', 'ref-2') })
  expect(await listGrants(account)).toHaveLength(500)
  // A gateway's clock may be behind; what was just granted is kept.
  const late = { ...grantNow(clock, 'late', 'late-ref'), updatedAt: clock.now() - hour }
  await createGrant(account, { ...late, codeHash: null })
  const ids = (await listGrants(account)).map(({ id }) => id)
  expect(ids).toHaveLength(500)
  expect(ids).toEqual(expect.arrayContaining(['tok-2', 'late', 'other-2']))
  expect(ids).not.toContain('tok-old')
  expect(await findGrant(account, { refreshHash: 'ref-1' })).toMatchObject({ id: 'tok-2' })
  expect(await ask('tok-old', 'b')).toEqual({ refusal: 'unknown' })
})

it('above 20,000 used refresh tokens of an account the grant with the most of them ends', async () => {
  const { account, clock } = await withGrant()
  await createGrant(account, { ...grantNow(clock, 'other', 'other-ref'), codeHash: null })
  await account.sql.batch([
    {
      sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
            INSERT INTO oauth (kind, id, session, created_at, updated_at)
            SELECT 'spent', 'used-' || i, 'tok-1', ?1 + i, ?1 + i FROM n`,
      params: [clock.now()],
    },
  ])
  clock.time += hour
  await rotateGrant(account, { id: 'other', next: grantNow(clock, 'other-2', 'other-ref-2') })
  const found = (refreshHash: string) => findGrant(account, { refreshHash })
  expect(await found('used-1')).toMatchObject({ id: 'tok-1' })
  const tooMany = rotateGrant(account, { id: 'tok-1', next: grantNow(clock, 'tok-2', 'ref-2') })
  await expect(tooMany).rejects.toMatchObject({ error: 'InvalidGrant' })
  expect(await found('used-1')).toBeNull()
  expect(await found('other-ref')).toMatchObject({ id: 'other-2' })
  const left = await account.sql.first(`SELECT count(*) AS n FROM oauth WHERE kind = 'spent'`)
  expect(left).toEqual({ n: 1 })
})

it('of two concurrent rotations of one grant, one succeeds', async () => {
  const { account, clock } = await withGrant()
  const renew = (id: string) =>
    rotateGrant(account, { id: 'tok-1', next: grantNow(clock, id, `of ${id}`) })
  const outcomes = await Promise.allSettled([renew('tok-2'), renew('tok-3')])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await listGrants(account)).toHaveLength(1)
})

it('an access token is accepted with its own key and a new proof, until it expires', async () => {
  const { account, clock } = await withGrant()
  let count = 0
  const ask = (more: object = {}) =>
    checkAccessToken(account, {
      id: 'tok-1',
      jkt,
      attempt: 'one',
      proof: `proof ${count++}`,
      ...more,
    })
  const grant = { session: 'tok-1', clientId: 'an app' }
  expect(await ask()).toEqual({ scope: 'atproto', expiresAt: clock.now() + hour, ...grant })
  expect(await ask({ jkt: 'another' })).toEqual({ refusal: 'unknown' })
  expect(await ask({ id: 'tok-2' })).toEqual({ refusal: 'unknown' })
  expect(await ask({ proof: 'twice' })).toMatchObject({ scope: 'atproto' })
  expect(await ask({ proof: 'twice' })).toMatchObject({ scope: 'atproto' })
  expect(await ask({ proof: 'twice', attempt: 'two' })).toEqual({ refusal: 'replayed' })
  clock.time += hour
  expect(await ask()).toEqual({ refusal: 'expired' })
})

it('a revoked token is rejected, even if it was accepted a moment ago', async () => {
  const { account, clock } = await withGrant()
  const ask = (id: string, proof: string) =>
    checkAccessToken(account, { id, jkt, proof, attempt: 'one' })
  expect(await ask('tok-1', 'a')).toMatchObject({ scope: 'atproto' })
  await rotateGrant(account, { id: 'tok-1', next: grantNow(clock, 'tok-2', 'ref-2', 'atproto x') })
  expect(await ask('tok-1', 'b')).toEqual({ refusal: 'unknown' })
  expect(await ask('tok-2', 'c')).toMatchObject({ scope: 'atproto x' })
  await removeGrant(account, { id: 'tok-2' })
  expect(await ask('tok-2', 'd')).toEqual({ refusal: 'unknown' })
})

it('a proof with a long id is refused, and not remembered', async () => {
  const { account } = await withGrant()
  const ask = (proof: string) =>
    checkAccessToken(account, { id: 'tok-1', jkt, proof, attempt: proof })
  await expect(ask('x'.repeat(257))).rejects.toMatchObject({ status: 400 })
  expect(await ask('x'.repeat(256))).toMatchObject({ scope: 'atproto' })
})

it('no token stays valid after a takedown, a deactivation or a deletion', async () => {
  const { account, clock } = await withGrant()
  const ask = (proof: string) =>
    checkAccessToken(account, { id: 'tok-1', jkt, proof, attempt: 'one' })
  expect(await ask('a')).toMatchObject({ scope: 'atproto' })
  await changeState(account, { takedownRef: 'one' })
  await expect(ask('b')).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
  await changeState(account, { takedownRef: null })
  expect(await ask('c')).toEqual({ refusal: 'unknown' })
  await createGrant(account, { ...grantNow(clock, 'tok-1', 'ref-1'), codeHash: null })
  await setAuthorizedClient(account, { clientId: 'an app', data: '{}' })
  await signInOnDevice(account, { deviceId: 'dev-1' })
  await changeState(account, { active: false })
  expect(await ask('d')).toMatchObject({ scope: 'atproto' })
  await changeState(account, { active: false, dropCredentials: true })
  expect(await ask('e')).toEqual({ refusal: 'unknown' })
  const kinds = await account.sql.all<{ kind: string }>('SELECT kind FROM oauth')
  expect(kinds).toEqual([{ kind: 'device' }, { kind: 'sessions ended' }])
  await deleteAccount(account)
  expect(await account.sql.all('SELECT * FROM oauth')).toEqual([])
  expect(await ask('f')).toEqual({ refusal: 'unknown' })
})

it('grants that can no longer be refreshed are deleted', async () => {
  const { account, clock } = await withGrant()
  clock.time += 10 * day
  await rotateGrant(account, { id: 'tok-1', next: grantNow(clock, 'tok-2', 'ref-2') })
  clock.time += 94 * day
  expect(await listGrants(account)).toEqual([])
  await createGrant(account, { ...grantNow(clock, 'tok-9', 'ref-9'), codeHash: null })
  const rows = await account.sql.all<{ id: string }>(`SELECT id FROM oauth ORDER BY id`)
  expect(rows).toEqual([{ id: 'tok-9' }])
})
