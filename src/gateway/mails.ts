/** The mails sent to account owners: each has a one-time code and says what it is for. */
import type { FindTenantBrand } from '#src/gateway/tenants/brand.ts'
import type { Mail, Mailer } from '#src/ports/mailer.ts'
import type { TenantBrand } from '#src/rules/tenants.ts'

export interface MailSettings {
  serviceName: string
  /** Whether the confirmation mail links to the Bluesky app, which fills in the code. */
  confirmationLink: boolean
  /** Of the tenant whose account it is. */
  tenant?: TenantBrand | undefined
}

export interface MailParams {
  confirmEmail: { token: string }
  updateEmail: { token: string }
  resetPassword: { token: string; handle: string }
  deleteAccount: { token: string }
  /** With the handle of a group, whose member gets the code. */
  plcOperation: { token: string; handle?: string }
  signIn: { token: string }
  codesByMail: { token: string }
}

export type MailKind = keyof MailParams

export type MailContent = Required<Omit<Mail, 'to'>>

interface MailTemplate {
  subject: string
  before: string
  after: string
  link?: string
}

const confirmationPage = 'https://bsky.app/intent/verify-email?code='

const templates: {
  [K in MailKind]: (params: MailParams[K], settings: MailSettings) => MailTemplate
} = {
  confirmEmail: ({ token }, { confirmationLink }) => ({
    subject: 'Email Confirmation',
    before: 'To confirm this email for your account, enter this code in the app:',
    after: 'If you did not request this, you can ignore this email.',
    ...(confirmationLink && { link: `${confirmationPage}${encodeURIComponent(token)}` }),
  }),
  updateEmail: () => ({
    subject: 'Email Update Requested',
    before: 'To change the email of your account, enter this code in the app with the new email:',
    after: 'If you did not request this, someone may know your password: please change it.',
  }),
  resetPassword: ({ handle }) => ({
    subject: 'Password Reset Requested',
    before: `To reset the password of @${handle}, enter this code in the app:`,
    after: 'If you did not request this, you can ignore this email: your password is unchanged.',
  }),
  deleteAccount: () => ({
    subject: 'Account Deletion Requested',
    before:
      'To delete your account and all its data, enter this code in the app. This cannot be undone:',
    after: 'If you did not request this, someone may know your password: please change it.',
  }),
  signIn: () => ({
    subject: 'Sign In Code',
    before: 'To sign in to your account, enter this code:',
    after: 'If you are not signing in, someone knows your password: please change it.',
  }),
  codesByMail: () => ({
    subject: 'Sign In Codes Requested',
    before: 'To receive a code like this one at every sign-in, enter it on the security page:',
    after: 'If you did not request this, someone may know your password: please change it.',
  }),
  plcOperation: ({ handle }) => ({
    subject: 'PLC Update Operation Requested',
    before: `To allow a change of the identity (DID) of ${accountNamed(handle)}, for example to move it to another server, enter this code:`,
    after: `Anyone who has this code can take over ${accountNamed(handle)}. If you did not request it, do not share it, and change your password.`,
  }),
}

function accountNamed(handle: string | undefined): string {
  return handle === undefined ? 'your account' : `the group @${handle}`
}

/** What the account counts these mails by. */
const purposes: Record<MailKind, string> = {
  confirmEmail: 'confirm_email',
  updateEmail: 'update_email',
  resetPassword: 'reset_password',
  deleteAccount: 'delete_account',
  plcOperation: 'plc_operation',
  signIn: 'email',
  codesByMail: 'confirm email',
}

/** Sends the code that the account made; nothing if it sent too many lately. Throws 502 if it could not be sent. */
export async function sendCode<K extends MailKind>(
  ports: Parameters<typeof sendMail>[0],
  account: { email: { uncountMail(input: { purpose: string }): Promise<void> } },
  mailed: { email: string; token?: string } | undefined,
  kind: K,
  params?: Omit<MailParams[K], 'token'>,
): Promise<void> {
  if (mailed?.token === undefined) return
  const { email, token } = mailed
  try {
    await sendMail(ports, email, kind, { ...params, token } as MailParams[K])
  } catch (error) {
    await account.email.uncountMail({ purpose: purposes[kind] }).catch(() => {})
    throw error
  }
}

interface MailPorts {
  mailer: Mailer
  service: { mail: MailSettings }
  tenantBrand?: FindTenantBrand
}

/** Throws 502 if the mail could not be sent. */
export async function sendMail<K extends MailKind>(
  { mailer, service, tenantBrand }: MailPorts,
  to: string,
  kind: K,
  params: MailParams[K],
): Promise<void> {
  const tenant = await tenantBrand?.({ email: to })
  await mailer.send({ to, ...writeMail(kind, params, { ...service.mail, tenant }) })
}

export function writeMail<K extends MailKind>(
  kind: K,
  params: MailParams[K],
  settings: MailSettings,
): MailContent {
  const { subject, before, after, link } = templates[kind](params, settings)
  const { token } = params
  const paragraphs = [
    before,
    token,
    ...(link === undefined ? [] : [`Or open ${link}`]),
    'The code is valid for 15 minutes.',
    after,
    ...signature(settings),
  ]
  const html = paragraphs.map((text) => (text === token ? `<pre>${text}</pre>` : paragraph(text)))
  return { subject, text: paragraphs.join('\n\n'), html: html.join('\n') }
}

/** A mail without a code. */
export function writeNotice(
  subject: string,
  body: readonly string[],
  settings: MailSettings,
): MailContent {
  const paragraphs = [...body, ...signature(settings)]
  const html = paragraphs.map(paragraph).join('\n')
  return { subject, text: paragraphs.join('\n\n'), html }
}

/** The server's name stays: it is the server that sends the mail. */
function signature({ serviceName, tenant }: MailSettings): string[] {
  if (tenant === undefined) return [serviceName]
  const { supportUrl } = tenant.branding
  const help = supportUrl === undefined ? [] : [`Help: ${supportUrl}`]
  return [...help, `${tenant.name} (${serviceName})`]
}

function paragraph(text: string): string {
  const withLinks = escaped(text).replace(/https?:\/\/\S+/, (url) => `<a href="${url}">${url}</a>`)
  return `<p>${withLinks}</p>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
