/** To whom the code for the identity of a group goes. */
import { describe, expect, it } from 'vitest'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { mailPlcCode } from '#src/gateway/group/plc-code.ts'
import type { Mail } from '#src/ports/mailer.ts'

const by = { did: 'did:plc:olga', role: 'owner', revision: 0, call: 'one' }

async function mailed(olga: { email?: string } | undefined) {
  const asked: object[] = []
  const sent: Mail[] = []
  const group = {
    identity: {
      getIdentity: async () => ({ handle: 'cooks.test' }),
      requestPlcToken: async (input: { email?: string }) => {
        asked.push(input)
        return { email: input.email ?? 'cooks@example.com', token: 'ABCDE-FGHIJ' }
      },
    },
    email: { uncountMail: async () => undefined },
  } as never as RemoteAccount
  const server = {
    dispatch: {
      directory: { accounts: { find: async () => (olga === undefined ? null : {}) } },
      account: () => ({ session: { getSession: async () => olga } }),
    },
    mailer: { send: async (mail: Mail) => void sent.push(mail) },
    service: { mail: { serviceName: 'pds.example.com', confirmationLink: false } },
    tenantBrand: async () => undefined,
  } as never as Parameters<typeof mailPlcCode>[0]
  await mailPlcCode(server, group, by)
  return { asked: asked[0], mail: sent[0]! }
}

describe('the code that changes the identity of a group', () => {
  it('goes to the address of the member that asks for it, and names the group', async () => {
    const { asked, mail } = await mailed({ email: 'olga@example.com' })
    expect(asked).toEqual({ email: 'olga@example.com', byMember: by })
    expect(mail.to).toBe('olga@example.com')
    expect(mail.text).toContain('the group @cooks.test')
    expect(mail.text).toContain('ABCDE-FGHIJ')
  })

  it.each([
    ['is elsewhere', undefined],
    ['has no address', {}],
  ])('goes to the address of the group if the account of the member %s', async (_, olga) => {
    const { asked, mail } = await mailed(olga)
    expect(asked).toEqual({ byMember: by })
    expect(mail.to).toBe('cooks@example.com')
  })
})
