/** Outgoing mail: SMTP servers and sender addresses. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface MailAccount {
  /** For example `smtps://user:password@mail.example.com`; it may contain a password. */
  smtpUrl: string
  fromAddress: string
}

export interface MailConfig {
  /** Undefined: mails are written to the data folder. */
  server: MailAccount | undefined
  /** For com.atproto.admin.sendEmail; undefined as above. */
  moderation: MailAccount | undefined
  confirmationLink: boolean
}

export function readMail(read: EnvironmentReader): MailConfig {
  return {
    server: readAccount(read, 'PDS_EMAIL_SMTP_URL', 'PDS_EMAIL_FROM_ADDRESS'),
    moderation: readAccount(read, 'PDS_MODERATION_EMAIL_SMTP_URL', 'PDS_MODERATION_EMAIL_ADDRESS'),
    confirmationLink: !(read.flag('PDS_EMAIL_DISABLE_CONFIRMATION_LINK') ?? false),
  }
}

// Both variables or none, as in the reference PDS.
function readAccount(
  read: EnvironmentReader,
  urlName: string,
  addressName: string,
): MailAccount | undefined {
  const isSmtp = (url: string) => /^smtps?:\/\/\S+$/i.test(url)
  const smtpUrl = read.secret(urlName, 'an smtp or smtps URL', isSmtp)
  const fromAddress = read.checked(addressName, 'an email address', (text) => text.includes('@'))
  if (smtpUrl === undefined && fromAddress === undefined) return undefined
  if (smtpUrl === undefined) return read.missing(urlName, `${addressName} is set`)
  if (fromAddress === undefined) return read.missing(addressName, `${urlName} is set`)
  return { smtpUrl, fromAddress }
}
