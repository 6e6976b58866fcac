/** Mail: where it goes out, and in whose name. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface MailAccount {
  /** As nodemailer reads it, for example `smtps://user:password@mail.example.com`. It may hold a password. */
  smtpUrl: string
  /** In the From line, for example `PDS <pds@example.com>`. */
  fromAddress: string
}

export interface MailConfig {
  /** Absent: mails are kept in the data folder. */
  server: MailAccount | undefined
  /** In the name of the moderators; absent as above. */
  moderation: MailAccount | undefined
  /** Whether mails that confirm an address have a link into the Bluesky app. */
  confirmationLink: boolean
}

export function readMail(read: EnvironmentReader): MailConfig {
  return {
    server: readAccount(read, 'PDS_EMAIL_SMTP_URL', 'PDS_EMAIL_FROM_ADDRESS'),
    moderation: readAccount(read, 'PDS_MODERATION_EMAIL_SMTP_URL', 'PDS_MODERATION_EMAIL_ADDRESS'),
    confirmationLink: !(read.flag('PDS_EMAIL_DISABLE_CONFIRMATION_LINK') ?? false),
  }
}

/** Both or none, as in the reference. */
function readAccount(
  read: EnvironmentReader,
  urlName: string,
  addressName: string,
): MailAccount | undefined {
  const isSmtp = (url: string) => /^smtps?:\/\/\S+$/i.test(url)
  const smtpUrl = read.secret(urlName, 'an smtp or smtps URL', isSmtp)
  const fromAddress = read.checked(addressName, 'an email address', (text) => text.includes('@'))
  if (smtpUrl === undefined && fromAddress === undefined) return undefined
  if (smtpUrl === undefined) return read.missing(urlName, `it goes with ${addressName}`)
  if (fromAddress === undefined) return read.missing(addressName, `it goes with ${urlName}`)
  return { smtpUrl, fromAddress }
}
