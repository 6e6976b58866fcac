import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '#src/config/config.ts'

const url = 'smtps://pds:secret@mail.example.com:465'
const production = {
  PDS_HOSTNAME: 'pds.example.com',
  PDS_JWT_SECRET: 'a long enough secret',
  PDS_ADMIN_PASSWORD: 'let me in, please',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '1'.repeat(64),
  PDS_KEY_ENCRYPTION_KEY_HEX: '2'.repeat(64),
}

function complaint(env: Record<string, string>): string {
  try {
    readConfig(env)
    return ''
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
}

describe('mail', () => {
  it('email is kept in a folder if no mail server is configured', () => {
    expect(readConfig({}).mail).toEqual({
      server: undefined,
      moderation: undefined,
      confirmationLink: true,
    })
  })

  it("email is sent over the mail servers that the reference's variables name", () => {
    const { mail } = readConfig({
      PDS_EMAIL_SMTP_URL: url,
      PDS_EMAIL_FROM_ADDRESS: 'admin@example.com',
      PDS_MODERATION_EMAIL_SMTP_URL: 'smtp:///?sendmail=true',
      PDS_MODERATION_EMAIL_ADDRESS: 'Moderators <mod@example.com>',
      PDS_EMAIL_DISABLE_CONFIRMATION_LINK: 'true',
    })
    expect(mail).toEqual({
      server: { smtpUrl: url, fromAddress: 'admin@example.com' },
      moderation: {
        smtpUrl: 'smtp:///?sendmail=true',
        fromAddress: 'Moderators <mod@example.com>',
      },
      confirmationLink: false,
    })
  })

  it('email needs both a server and an address, and errors do not print the password', () => {
    expect(complaint({ PDS_EMAIL_SMTP_URL: url })).toContain('PDS_EMAIL_FROM_ADDRESS is required')
    const from = { PDS_EMAIL_FROM_ADDRESS: 'admin@example.com' }
    expect(complaint(from)).toContain('PDS_EMAIL_SMTP_URL is required')
    const wrong = complaint({ ...from, PDS_EMAIL_SMTP_URL: url.replace('smtps', 'https') })
    expect(wrong).toContain('PDS_EMAIL_SMTP_URL must be an smtp or smtps URL')
    expect(wrong).not.toContain('secret')
  })
})

describe('invites', () => {
  it('invite codes are required in production, and accounts get their own only if an interval is set', () => {
    expect(readConfig({}).invites).toEqual({ required: false, intervalMs: undefined, epochMs: 0 })
    expect(readConfig(production).invites.required).toBe(true)
    const env = { PDS_INVITE_INTERVAL: '604800000', PDS_INVITE_EPOCH: '1767225600000' }
    expect(readConfig({ ...production, ...env }).invites).toEqual({
      required: true,
      intervalMs: 604_800_000,
      epochMs: 1_767_225_600_000,
    })
    expect(complaint({ PDS_INVITE_INTERVAL: '0' })).toContain('PDS_INVITE_INTERVAL must be')
  })
})
