/** What made a commit of an account, as its history names it: the client id of an app, or one of the names here. */

/** The pages of this server. */
export const PAGE = 'page'
/** A session that began with the account's password. */
export const SESSION = 'session'
/** Before the id of an app password (`appPasswordIdOf`). */
const APP_PASSWORD = 'app password'

/** As in the audit log. */
const MAX_LENGTH = 300

/** Client ids may be longer than what is stored of them. */
export function storedClient(client: string): string {
  return client.slice(0, MAX_LENGTH)
}

export function clientOfAppPassword(id: string): string {
  return `${APP_PASSWORD} ${id}`
}

/** The id of the app password, if it is one. */
export function appPasswordOfClient(client: string): string | undefined {
  return client.startsWith(`${APP_PASSWORD} `) ? client.slice(APP_PASSWORD.length + 1) : undefined
}

/** Whether it is the name of something other than an account. */
export function isClient(text: string): boolean {
  return /^https?:/.test(text) || text === PAGE || text === SESSION || text.startsWith(APP_PASSWORD)
}
