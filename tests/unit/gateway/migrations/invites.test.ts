import { describe, expect, it } from 'vitest'
import type { MoveInvite } from '#src/directory/move-invites.ts'
import { mailInvite, showInvite } from '#src/gateway/migrations/invites.ts'
import type { Mail } from '#src/ports/mailer.ts'
import type { Migration } from '#src/rules/migrations.ts'

const publicUrl = 'https://here.example'
const invite: MoveInvite = {
  ...{ did: 'did:plc:a', server: 'https://old.example', handle: 'alice.old.example' },
  ...{ code: 'here-example-abcde-fghij', keepsHandle: false, email: 'a@example.com' },
  ...{ state: 'moving', invitedAt: '2026-01-01T00:00:00.000Z', mailedAt: null },
}
const link = `${publicUrl}/move?account=did%3Aplc%3Aa&invite=${invite.code}`
const copying: Migration = {
  ...{ direction: 'in', server: invite.server, step: 'blobs', error: null, isRunning: true },
  progress: { repoBytes: 9, blobs: 3, blobsTotal: 9, missingCids: ['cid'] },
  ...{ startedAt: 0, updatedAt: 0 },
}

function show(state: MoveInvite['state'], move: Migration | null) {
  const dispatch = { account: () => ({ migration: { find: async () => move } }) }
  return showInvite({ dispatch, publicUrl }, { ...invite, state })
}

describe('an invited account is shown', () => {
  it('with its link and the progress of its move, but without its code or files', async () => {
    const shown = await show('moving', copying)
    expect(shown).toEqual({
      ...{ did: 'did:plc:a', server: invite.server, handle: invite.handle, url: link },
      ...{ email: invite.email, invitedAt: invite.invitedAt, state: 'copying' },
      progress: { repoBytes: 9, blobs: 3, blobsTotal: 9 },
    })
  })

  it.each<[state: string, move: Partial<Migration>]>([
    ['waiting', { step: 'code', isRunning: false }],
    ['switching', { step: 'code', progress: { operation: '{}' } }],
    ['switching', { step: 'activate' }],
    ['failed', { error: 'away', isRunning: false }],
    ['copying', { error: 'away', isRunning: true }],
  ])('as %s', async (state, more) => {
    expect(await show('moving', { ...copying, ...more })).toMatchObject({ state })
  })

  it('with what its owner has to do', async () => {
    const signedOut = await show('moving', { ...copying, error: 'SignIn', isRunning: false })
    expect(signedOut.reason).toContain('sign in at /account/move')
    expect((await show('moving', null)).reason).toContain('sign in at /account/move')
  })

  it.each([
    ['invited', 'invited'],
    ['here', 'done'],
  ] as const)('one that is %s is not asked', async (state, shown) => {
    expect(await show(state, null)).toMatchObject({ state: shown })
  })
})

describe('the mail of an invitation', () => {
  async function mailed(language: string, code = invite.code): Promise<Mail> {
    const mails: Mail[] = []
    const roomy = { name: 'Roomy', settings: { branding: { supportUrl: 'https://help.example' } } }
    await mailInvite(
      {
        mailer: { send: async (mail: Mail) => void mails.push(mail) } as never,
        service: { publicUrl, mail: { serviceName: 'Here PDS', confirmationLink: false } },
        dispatch: { directory: { tenants: { get: async () => roomy as never } } },
      },
      { ...invite, code, email: 'a@example.com' },
      language,
    )
    return mails[0]!
  }

  it('has the link, in the language that was chosen', async () => {
    const mail = await mailed('de')
    expect(mail.to).toBe('a@example.com')
    expect(mail.subject).toBe('Umzug deines Kontos @alice.old.example zu here.example')
    expect(mail.text).toContain(`\n\n${link}\n\n`)
    expect(mail.html).toContain(`<a href="${link.replace('&', '&#38;')}">`)
    expect(mail.text).toMatch(/Here PDS$/)
  })

  it('is in English otherwise, and names the tenant', async () => {
    const mail = await mailed('xx', 'roomy_abcde-fghij')
    expect(mail.subject).toBe('Move your account @alice.old.example to Roomy')
    expect(mail.text).toContain('Help: https://help.example')
  })
})
