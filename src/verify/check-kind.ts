/**
 * One kind of health check. All checks of a round run in one go inside the container: what a kind needs there is a
 * bash function `check_<kind>`, which says `ok TEXT` or `bad TEXT`, and `more` for lines that explain a failure.
 * Its arguments come from `guestArguments`, never by way of the text.
 */
export interface CheckKind<Check> {
  /** As people know it: `unit apache2`. */
  title(check: Check): string;
  guestArguments(check: Check): readonly string[];
  readonly guestFunction: string;
}
