/** What is written to the owners of accounts: a code each, and what it is good for. */
import type { Mail, Mailer } from '#src/ports/mailer.ts'

/** Who writes. */
export interface MailSettings {
  /** For example `pds.example.com`. */
  serviceName: string
  /** Whether the mail that confirms an address has a link into the Bluesky app, which fills the code in. */
  confirmationLink: boolean
}

export interface MailParams {
  confirmEmail: { token: string }
  updateEmail: { token: string }
  resetPassword: { token: string; handle: string }
  deleteAccount: { token: string }
  plcOperation: { token: string }
  signIn: { token: string }
  codesByMail: { token: string }
}

export type MailKind = keyof MailParams

/** A mail but for its address. */
export type MailContent = Required<Omit<Mail, 'to'>>

interface MailTemplate {
  subject: string
  /** Paragraphs before the code, and after it. */
  before: string
  after: string
  link?: string
}

const confirmationPage = 'https://bsky.app/intent/verify-email?code='

const drafts: { [K in MailKind]: (params: MailParams[K], terms: MailSettings) => MailTemplate } = {
  confirmEmail: ({ token }, { confirmationLink }) => ({
    subject: 'Email Confirmation',
    before: 'To confirm this email for your account, enter this code in the app:',
    after: 'If you did not ask for this, you need not do anything.',
    ...(confirmationLink && { link: `${confirmationPage}${encodeURIComponent(token)}` }),
  }),
  updateEmail: () => ({
    subject: 'Email Update Requested',
    before: 'To change the email of your account, enter this code in the app with the new email:',
    after: 'If you did not ask for this, somebody may know your password: change it.',
  }),
  resetPassword: ({ handle }) => ({
    subject: 'Password Reset Requested',
    before: `We were asked to reset the password of @${handle}. Enter this code in the app to do so:`,
    after: 'If you did not ask for this, you need not do anything: your password stays as it is.',
  }),
  deleteAccount: () => ({
    subject: 'Account Deletion Requested',
    before:
      'To delete your account and all that is in it, which cannot be undone, enter this code in the app:',
    after: 'If you did not ask for this, somebody may know your password: change it.',
  }),
  signIn: () => ({
    subject: 'Sign In Code',
    before: 'To sign in to your account, enter this code:',
    after: 'If you are not signing in, somebody knows your password: change it.',
  }),
  codesByMail: () => ({
    subject: 'Sign In Codes Requested',
    before:
      'To have codes like this one sent here whenever you sign in, enter it on the security page:',
    after: 'If you did not ask for this, somebody may know your password: change it.',
  }),
  plcOperation: () => ({
    subject: 'PLC Update Operation Requested',
    before:
      'We were asked to change the identity (DID) of your account, as it is done to move it to another server. To allow that, enter this code:',
    after:
      'Whoever has this code can take your account away. If you did not ask for it, give it to nobody and change your password.',
  }),
}

/** Writes and sends a mail of a kind. Rejects with 502 where it could not be sent. */
export async function sendMail<K extends MailKind>(
  { mailer, service }: { mailer: Mailer; service: { mail: MailSettings } },
  to: string,
  kind: K,
  params: MailParams[K],
): Promise<void> {
  await mailer.send({ to, ...writeMail(kind, params, service.mail) })
}

/** Writes a mail of a kind. The code stands on a line of its own, and is good for 15 minutes. */
export function writeMail<K extends MailKind>(
  kind: K,
  params: MailParams[K],
  terms: MailSettings,
): MailContent {
  const { subject, before, after, link } = drafts[kind](params, terms)
  const { token } = params
  const paragraphs = [
    before,
    token,
    ...(link === undefined ? [] : [`Or open ${link}`]),
    'The code is good for 15 minutes.',
    after,
    terms.serviceName,
  ]
  const html = paragraphs.map((text) => (text === token ? `<pre>${text}</pre>` : paragraph(text)))
  return { subject, text: paragraphs.join('\n\n'), html: html.join('\n') }
}

function paragraph(text: string): string {
  const links = escaped(text).replace(/https:\S+/, (url) => `<a href="${url}">${url}</a>`)
  return `<p>${links}</p>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
