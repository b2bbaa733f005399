declare const transactionBrand: unique symbol;

/**
 * An open database transaction. Opaque: only the database port that made it
 * can run statements in it, so services pass it along without knowing the driver.
 */
export interface Transaction {
  readonly [transactionBrand]: true;
}
