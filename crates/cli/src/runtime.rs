use crate::CliError;

/// Runs asynchronous work to its end on a runtime of its own.
///
/// What is left on it afterwards, such as a question that waits for an answer, is not waited for.
///
/// # Errors
/// As the work, and when the runtime cannot be started.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("starting the runtime", &error))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
