// A real server on a busy machine is late at times. A test that fails is run once more; both failures are printed.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
