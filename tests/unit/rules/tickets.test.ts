import { expect, it } from 'vitest'
import { issueTokens, verifyAccess } from '#src/rules/session-tokens.ts'
import { issueTicket, TICKET_LIFETIME_MS, verifyTicket } from '#src/rules/tickets.ts'

const now = Date.parse('2026-01-01T00:00:00.400Z')
const context = {
  ...{ secret: new TextEncoder().encode('a secret of this test'), audience: 'did:web:a', now },
}
const refusal = { status: 401, error: 'InvalidTicket' }

it('a ticket carries who asks for a minute', async () => {
  const credential = { kind: 'session', did: 'did:plc:alice' }
  const { ticket, expiresAt } = await issueTicket(credential, context)
  expect(Date.parse(expiresAt) - now).toBe(TICKET_LIFETIME_MS)
  const at = (later: number) => verifyTicket(ticket, { ...context, now: now + later })
  expect(await at(59_000)).toEqual({ id: expect.any(String), credential })
  await expect(at(60_000)).rejects.toMatchObject(refusal)
})

it('a ticket has an id of its own', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => {
      const { ticket } = await issueTicket({}, context)
      return (await verifyTicket(ticket, context)).id
    }),
  )
  expect(new Set(ids).size).toBe(2)
})

it('a ticket of another server, and one that was changed, is refused', async () => {
  const { ticket } = await issueTicket({}, context)
  const others = [
    verifyTicket(ticket, { ...context, audience: 'did:web:b' }),
    verifyTicket(ticket, { ...context, secret: new Uint8Array(32) }),
    verifyTicket(`${ticket}a`, context),
    verifyTicket('', context),
  ]
  for (const other of others) await expect(other).rejects.toMatchObject(refusal)
})

it('a ticket is no access token, and an access token is no ticket', async () => {
  const { ticket } = await issueTicket({ did: 'did:plc:alice' }, context)
  await expect(verifyAccess(ticket, context)).rejects.toMatchObject({ error: 'InvalidToken' })
  const { accessJwt } = await issueTokens({ did: 'did:plc:alice', tokenId: 'x' }, context)
  await expect(verifyTicket(accessJwt, context)).rejects.toMatchObject(refusal)
})
