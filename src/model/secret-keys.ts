/** How the opening of an encrypted value went. */
export type Opened =
  | { readonly kind: 'open'; readonly value: string }
  /** This machine has no key for secrets at all. */
  | { readonly kind: 'no key' }
  /** It was encrypted for somebody else. */
  | { readonly kind: 'other key' }
  | { readonly kind: 'damaged' };

/** The site's keys for secrets that stand in repositories: an age key pair, and older ones while they are replaced. */
export interface SecretKeys {
  /** The newest public key, `age1…`; the pair is made when there is none. */
  recipient(): Promise<string>;
  /** Public keys that this machine can read for, newest first; none is made. */
  recipients(): Promise<readonly string[]>;
  seal(value: string, recipient: string): Promise<Uint8Array>;
  open(sealed: Uint8Array): Promise<Opened>;
  /** Puts a new pair before the one that is there; where two are there already, that was done. The newest public key. */
  renew(): Promise<string>;
  /** Takes away all but the newest; how many went. */
  forgetOld(): Promise<number>;
}
