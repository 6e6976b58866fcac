/** An account on a server that is compared. */

export interface Account {
  did: string
  handle: string
  email: string
  password: string
  /** Authorization headers. */
  access: string
  refresh: string
}
