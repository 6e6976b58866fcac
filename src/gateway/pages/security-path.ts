/** The path of the security pages. */
export const securityPath = '/account/security'
